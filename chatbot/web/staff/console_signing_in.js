// Signing in and out, the first administrator, and one's own password. A session that ends leads here and back: the
// address stays, and what was typed is kept as a draft.

let firstToken = ""; // of the one-time link: out of the address as soon as it is read

function signInView(ended) {
  return firstToken ? firstView() : passwordView(ended);
}

// A form that is sent by act; what is refused is said in it.
function credentials(title, said, fields, yes, act) {
  const trouble = make("div", { class: "fs-trouble" });
  const send = make("button", { class: "fs-button fs-strong", say: yes });
  const node = make("form", { class: "fs-card fs-sign-in", method: "post", novalidate: true, submit: async (event) => {
    event.preventDefault();
    if (send.getAttribute("aria-disabled")) return;
    const missing = fields.find((one) => !one.querySelector("input").value);
    if (missing) {
      trouble.replaceChildren(make("p", { class: "fs-problem", role: "alert", say: "fill_all" }));
      return missing.querySelector("input").focus();
    }
    try {
      await during(send, act);
    } catch (error) {
      trouble.replaceChildren(problem(error));
    }
  } }, heading(title), said && paragraph(said, { class: "fs-said" }), fields, trouble, send);
  return node;
}

const nameField = (attributes) => input({ autocomplete: "username", autocapitalize: "none", spellcheck: "false",
  maxlength: "100", ...attributes });
const passwordField = (kind, attributes) => input({ type: "password", autocomplete: kind, maxlength: "1000",
  ...attributes });

function passwordView(ended) {
  const who = nameField({ autofocus: true });
  const password = passwordField("current-password");
  const node = credentials("sign_in", ended ? "session_ended" : null, [field("name", who), field("password", password)],
    "sign_in", async () => signedIn(await call("POST", "session", { body: { name: who.value.trim(),
      password: password.value } })));
  const told = ({ needed }) => needed && node.querySelector("header").after(notice("first_needed"));
  call("GET", "first").then(told, () => {}); // a hint only: signing in will say what is wrong
  return { title: "sign_in", node };
}

function firstView() {
  const who = nameField({ autofocus: true });
  const password = passwordField("new-password");
  const fields = [field("name", who), field("password", password, { hint: "password_hint" })];
  const node = credentials("first_title", "first_said", fields, "first_yes", async () => {
    const answer = await call("POST", "first", { body: { token: firstToken, name: who.value.trim(),
      password: password.value } });
    firstToken = "";
    signedIn(answer);
  });
  const instead = button("first_instead", { class: "fs-button fs-plain" }, () => {
    firstToken = "";
    askToSignIn();
  });
  node.append(instead);
  return { title: "first_title", node };
}

function signedIn(answer) {
  me = answer.me;
  firstToken = "";
  drawMenu();
  show();
}

function askToSignIn(ended = false) {
  me = null;
  visit += 1;
  page.querySelectorAll("dialog").forEach((node) => node.remove());
  drawMenu();
  const view = signInView(ended);
  open = { hash: "", path: "", title: view.title, update: null, unsaved: NOTHING_UNSAVED };
  scrollTo = 0;
  put(view.node, "");
}

function sessionEnded() {
  if (me) askToSignIn(true);
}

async function signOut() {
  if (!(await mayLeave())) return;
  await call("DELETE", "session");
  remember("sessionStorage", DRAFTS, null);
  history.replaceState(null, "", "#/");
  askToSignIn();
  announce("signed_out");
}

function ownPasswordView() {
  const old = passwordField("current-password");
  const fresh = passwordField("new-password");
  const again = passwordField("new-password");
  const fields = [field("password_old", old), field("password_new", fresh, { hint: "password_hint" }),
    field("password_again", again)];
  const node = credentials("nav_password", null, fields, "password_change", async () => {
    if (fresh.value !== again.value) throw new Refused(400, { code: "not_the_same" });
    await call("POST", "password", { body: { old: old.value, new: fresh.value } });
    node.reset();
    node.querySelector(".fs-problem")?.remove();
    announce("password_changed");
  });
  // For password managers, which want to know whose it is.
  node.prepend(input({ autocomplete: "username", value: me.name, hidden: true, readonly: true, "aria-hidden": "true",
    tabindex: "-1" }));
  return { title: "nav_password", node };
}
