// Which view is open: the address after the # says it, so that going back, bookmarks and links between staff work.
// VIEWS, in console_start.js, is the table of them. Nothing typed is lost by leaving: one is asked first.

const NOTHING_UNSAVED = { is: () => false, drop: () => {} };
const RANKS = ["agent", "editor", "admin"];
const may = (role) => Boolean(me) && RANKS.indexOf(me.role) >= RANKS.indexOf(role);

let open = { hash: "", path: "", title: "title", update: null, unsaved: NOTHING_UNSAVED };
let forward = false;         // whether the address changed by a link and not by going back
const scrolled = new Map();  // how far each address was read, for going back to it
let scrollTo = 0;

function place() { // "#/pairs/218?x=1" in its parts
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  return { path: path || HOME, query: Object.fromEntries(new URLSearchParams(query ?? "")) };
}

function go(hash) {
  forward = true;
  if (location.hash === hash) show();
  else location.hash = hash;
}

// The same view with another question, without a new step for the browser's way back.
function rewrite(hash) {
  history.replaceState(null, "", hash);
  open.hash = hash;
}

async function arrive() {
  const to = location.hash;
  if (to === open.hash || !me) return;
  if (open.unsaved.is() && place().path !== open.path) {
    history.pushState(null, "", open.hash); // where one is, until it is decided
    if (await mayLeave()) go(to);
    return;
  }
  const { path, query } = place();
  if (path !== open.path || !open.update) return show();
  comeFrom(open.hash);
  open.hash = to;
  open.update(query);
}

function comeFrom(hash) {
  scrolled.set(hash, find("#fs-scroll").scrollTop);
  scrollTo = forward ? 0 : scrolled.get(location.hash) ?? 0;
  forward = false;
  find("#fs-scroll").scrollTop = scrollTo;
}

// True if nothing is unsaved, or if it may be thrown away.
async function mayLeave() {
  if (open.unsaved.is() && !(await askToLeave())) return false;
  open.unsaved.drop();
  open.unsaved = NOTHING_UNSAVED;
  return true;
}

let leaving = null; // the question while it is open: who tries to leave again answers the same one

function askToLeave() {
  leaving ??= ask("leave_title", "leave_said", "leave_yes", "fs-button fs-danger").finally(() => { leaving = null; });
  return leaving;
}

// Opens the view of the address. A view's function gets what its pattern caught, and the query; it gives
// { title, node, update?, unsaved? } and fills its regions by itself.
function show() {
  comeFrom(open.hash);
  visit += 1;
  const { path, query } = place();
  const [pattern, , view] = VIEWS.find(([pattern, role]) => pattern.test(path) && may(role)) ?? [/^/, "", nowhereView];
  open = { hash: location.hash, path, update: null, unsaved: NOTHING_UNSAVED };
  const made = view(...path.match(pattern).slice(1).map(decodeURIComponent), query);
  Object.assign(open, { title: made.title, update: made.update ?? null, unsaved: made.unsaved ?? NOTHING_UNSAVED });
  put(made.node, path);
}

function put(node, path) {
  find("#fs-toasts .fs-wrong")?.remove();
  find("#fs-main").replaceChildren(node);
  find("#fs-scroll").scrollTop = scrollTo;
  toggleMenu(false);
  for (const link of find("#fs-nav").querySelectorAll("a"))
    if (path.split("/")[0] === link.dataset.area) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  nameDocument();
  (node.querySelector("[autofocus]") ?? node.querySelector("h1"))?.focus({ preventScroll: true });
}

function arrivedAt() { // a region was filled: where one goes back to may now be long enough
  if (scrollTo) find("#fs-scroll").scrollTop = scrollTo;
}

function nameDocument() {
  document.title = open.title ? `${meant(open.title)} – ${text("title")}` : text("title");
}

const heading = (said, ...more) => make("header", { class: "fs-heading" },
  make("h1", { tabindex: "-1", say: said }), more);

function nowhereView() {
  const home = inward("#/", { class: "fs-button" }, words("to_start"));
  return { title: "nowhere", node: make("div", {}, heading("nowhere"), empty("nowhere_said", home)) };
}

page.addEventListener("click", async (event) => {
  const link = event.target.closest('a[href^="#/"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  if (await mayLeave()) go(link.getAttribute("href"));
});
window.addEventListener("hashchange", arrive);
window.addEventListener("beforeunload", (event) => open.unsaved.is() && event.preventDefault());

// -- the menu beside it

function drawMenu() {
  find("#fs-nav").replaceChildren(...AREAS.filter(([, role]) => may(role)).map(([area, , symbol]) =>
    inward(`#/${area}`, { "data-area": area }, icon(symbol), words(`nav_${area}`))));
  find("#fs-foot").replaceChildren(...inside([
    me && make("p", { class: "fs-me" }, make("strong", {}, me.name), words(() => named("role_", me.role))),
    me && inward("#/password", { class: "fs-quiet-button" }, icon("password"), words("nav_password")),
    me && button(null, { class: "fs-quiet-button", id: "fs-sign-out" }, signOut),
    languageSwitch(),
  ]));
  find("#fs-sign-out")?.append(icon("out"), words("sign_out"));
  page.classList.toggle("fs-alone", !me);
}

function languageSwitch() {
  const one = (tag, said) => make("button", { type: "button", lang: TAGS[tag], "data-language": tag,
    "aria-pressed": String(language === tag) }, said);
  const node = make("div", { class: "fs-languages", role: "group", label: "language" }, one("en", "EN"),
    one("zh", "中文"));
  node.addEventListener("click", (event) => {
    const chosen = event.target.dataset.language;
    if (!chosen) return;
    remember("localStorage", "frontdesk.language", chosen); // the customers' page has the same switch
    setLanguage(chosen);
    nameDocument();
    for (const other of node.children) other.setAttribute("aria-pressed", String(other.dataset.language === chosen));
  });
  return node;
}

function toggleMenu(wide) {
  find("#fs-menu").setAttribute("aria-expanded", String(wide));
  page.classList.toggle("fs-menu-open", wide);
}

find("#fs-menu").addEventListener("click", () =>
  toggleMenu(find("#fs-menu").getAttribute("aria-expanded") !== "true"));
page.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !page.classList.contains("fs-menu-open") || event.target.closest("dialog")) return;
  toggleMenu(false);
  find("#fs-menu").focus();
});
find("#fs-skip").addEventListener("click", () => find("#fs-main h1")?.focus());
