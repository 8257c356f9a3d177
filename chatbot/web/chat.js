// What the page does: sends in order, shows what comes back, keeps what was not answered over a reload.
const log = find("#fd-log");
const form = find("#fd-form");
const field = find("#fd-text");
const notice = find("#fd-notice");
const UNANSWERED = "frontdesk.unanswered"; // sessionStorage: of this tab, gone with it
const LANGUAGE = "frontdesk.language";     // localStorage: the switch, where it was used
const LOOK_AGAIN = 4000;                   // ms between looks for what a person wrote
const UNEXPECTED = 5;                      // only each fifth of them while no person is expected
const SLOW = 2000;                         // ms until the page says that it is still working on an answer
const PATIENCE = 10000;                    // ms until the page says that the conversation does not come
let conversation = "";                     // empty until it is opened
let early = [];                            // said before that
let entries = [];
let looks = 0;
let queue = Promise.resolve();             // one message after the other: their order is the customer's

// -- what the browser remembers; a browser that forbids it loses nothing but the memory

function remembered(store, key) {
  try { return JSON.parse(window[store].getItem(key)); } catch { return null; }
}

function remember(store, key, value) {
  try { window[store].setItem(key, JSON.stringify(value)); } catch { /* not allowed to: then not */ }
}

function rememberUnanswered() {
  const open = entries.filter((entry) => entry.state === "waiting" || AGAIN[entry.problem] === "retry");
  remember("sessionStorage", UNANSWERED, open.map(({ node, outcome, ...entry }) => entry));
}

// -- language

function setLanguage(chosen) {
  language = chosen;
  document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
  document.title = props.texts[chosen].title;
  page.querySelectorAll("[data-language]").forEach((button) =>
    button.setAttribute("aria-pressed", String(button.dataset.language === chosen)));
  find(".fd-welcome")?.replaceWith(welcomeNode());
  sayAll(page);
  checkLength();
}

// -- the conversation on the screen

function draw(entry) { // only what came of it is new: a screen reader does not read the customer's words again
  entry.node ??= exchangeNode(entry);
  entry.outcome?.remove();
  entry.outcome = outcomeNode(entry);
  entry.node.append(entry.outcome);
  if (!entry.node.isConnected) log.append(entry.node);
  const last = entries[entries.length - 1];
  const withPerson = Boolean(last?.reply?.silent || last?.reply?.by_person);
  find("#fd-status").dataset.text = withPerson ? "status_person" : "status";
  find("#fd-more").hidden = withPerson;
  say(find("#fd-status"));
}

function show(entry) { // the whole exchange if it fits, else its beginning
  log.scrollTop = Math.min(log.scrollHeight, entry.node.offsetTop - 12);
}

function add(entry) {
  entries.push(entry);
  draw(entry);
  show(entry);
}

// -- sending

function randomId() { // crypto.randomUUID exists on https and localhost only
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function send(text, payload = text) {
  if (!conversation) return early.push([text, payload]);
  const entry = { conversation, id: randomId(), text, payload, language, person: payload === props.talk_to_person,
    state: "waiting", rating: 0, tries: 0 };
  add(entry);
  enqueue(entry);
}

function enqueue(entry) {
  entry.state = "waiting";
  entry.problem = "";
  rememberUnanswered();
  queue = queue.then(() => deliver(entry));
}

async function deliver(entry) {
  if (entry.conversation !== conversation) return;
  const slow = setTimeout(() => sayStillWorking(entry), SLOW);
  // The same id on every try: a message that did arrive is not said twice. Undefined: the server was not reached.
  const answer = await server.send_message({ conversation: entry.conversation, message: entry.id, text: entry.payload,
    language: entry.language });
  clearTimeout(slow);
  if (entry.conversation !== conversation) return;
  entry.tries += 1;
  entry.unreached = answer === undefined;
  entry.state = answer?.reply ? "answered" : "problem";
  entry.problem = answer?.reply ? "" : answer?.problem ?? "failed";
  entry.reply = answer?.reply;
  draw(entry);
  show(entry);
  rememberUnanswered();
}

function sayStillWorking(entry) { // put into the log only now, so that a screen reader reads it out
  entry.outcome.append(stillWorkingNode());
  show(entry);
}

async function retry(entry) {
  log.append(entry.node); // it is now the latest thing said
  entries = [...entries.filter((other) => other !== entry), entry];
  if (await replaced(entry)) {
    entry.state = "waiting";
    rememberUnanswered(); // and sent once the page is loaded
    return location.reload();
  }
  enqueue(entry);
  draw(entry);
  show(entry);
  field.focus();
}

async function replaced(entry) { // the server is there but not for this page: it is another version of itself
  const puzzled = entry.unreached && entry.tries > 1;
  return puzzled && (await fetch(location.pathname, { method: "HEAD" }).catch(() => null))?.ok;
}

// -- a conversation opened, renewed, or read again

function opened(view) {
  conversation = view.conversation;
  entries = [];
  queue = Promise.resolve();
  log.setAttribute("aria-busy", "true"); // what was said before is not read out
  log.replaceChildren(welcomeNode());
  if (view.problem) log.append(sayAll(problemNode(view.problem)));
  for (const said of view.exchanges ?? []) add({ ...said, conversation, state: "answered" });
  const known = new Set(entries.map((entry) => entry.id));
  for (const entry of remembered("sessionStorage", UNANSWERED) ?? [])
    if (entry.conversation === conversation && !known.has(entry.id)) {
      add(entry);
      if (entry.state === "waiting") enqueue(entry);
    }
  rememberUnanswered();
  log.setAttribute("aria-busy", "false");
  early.splice(0).forEach((said) => send(...said));
}

function personExpected() {
  return entries.slice(-3).some((entry) => entry.person || entry.reply?.silent || entry.reply?.by_person);
}

async function lookForPerson() { // staff may write at any time, not only as an answer
  looks += 1;
  if (!personExpected() && looks % UNEXPECTED) return;
  if (document.hidden || !entries.length || entries.some((entry) => entry.state === "waiting")) return;
  const asked = conversation;
  const view = await server.read_conversation({ conversation });
  if (!view?.exchanges || asked !== conversation) return;
  for (const said of view.exchanges) {
    const shown = entries.find((entry) => entry.id === said.id);
    if (!shown) add({ ...said, conversation, state: "answered" });
    else if (shown.state === "answered" && shown.reply.utterances.length < said.reply.utterances.length) {
      shown.reply = said.reply;
      draw(shown);
      show(shown);
    }
  }
}

// -- ratings

async function rate(entry, pressed) {
  const before = entry.rating;
  entry.rating = before === pressed ? 0 : pressed;
  showRating(entry);
  const answer = await server.rate_reply({ conversation, message: entry.id, rating: entry.rating });
  if (answer && !answer.problem) return announce(entry.rating ? "thanks" : "");
  entry.rating = before;
  showRating(entry);
  announce("not_rated");
}

function showRating(entry) {
  entry.node.querySelectorAll(".fd-thumb").forEach((button) =>
    button.setAttribute("aria-pressed", String(Number(button.dataset.rating) === entry.rating)));
}

// -- the field

function announce(key, alarming = false, count = 0) {
  notice.textContent = key && props.texts[language][key].replace("{count}", count.toLocaleString("en"));
  notice.classList.toggle("fd-alarming", alarming);
}

function checkLength() { // true if the message may go
  const count = [...field.value.trim()].length; // code points, as the server counts
  const over = count > props.limit;
  field.setAttribute("aria-invalid", String(over));
  announce(count > props.limit - 200 ? "count" : "", over, count);
  find(".fd-send").classList.toggle("fd-idle", !field.value.trim());
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`; // + its two borders
  return !over;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!field.value.trim()) return field.focus();
  if (!checkLength()) return announce("too_long", true);
  send(field.value.trim());
  field.value = "";
  checkLength();
});

field.addEventListener("input", checkLength);
field.addEventListener("keydown", (event) => {
  // isComposing: in an input method, as for Chinese, Enter takes the proposed word (229 is Safari's way to say so)
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  form.requestSubmit();
});

log.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const entry = event.target.closest(".fd-exchange")?.entry;
  if (button?.dataset.rating) rate(entry, Number(button.dataset.rating));
  if (button?.classList.contains("fd-again")) entry ? retry(entry) : location.reload();
  if (button?.choice) {
    send(button.choice.title, button.choice.payload);
    if (event.detail === 0) field.focus(); // pressed by key: the pressed button is gone, do not lose one's place
  }
});

find("#fd-person").addEventListener("click", () => send(props.texts[language].talk_to_person, props.talk_to_person));
find(".fd-languages").addEventListener("click", (event) => {
  const chosen = event.target.dataset.language;
  if (!chosen) return;
  remember("localStorage", LANGUAGE, chosen);
  setLanguage(chosen);
});

find("#fd-renew").addEventListener("click", () => (entries.length ? find("#fd-ask").showModal() : field.focus()));
find("#fd-ask").addEventListener("close", (event) => {
  if (event.target.returnValue !== "yes") return;
  event.target.returnValue = "";
  trigger("renew");
  field.focus();
});

watch("value", () => opened(props.value));
const chosen = remembered("localStorage", LANGUAGE);
setLanguage(chosen in props.texts ? chosen : document.documentElement.lang.startsWith("zh") ? "zh" : "en");
if (props.value) opened(props.value);
setTimeout(() => conversation || log.append(sayAll(problemNode("not_opened"))), PATIENCE);
if (matchMedia("(hover: hover)").matches) field.focus(); // on a phone it would open the keyboard
setInterval(lookForPerson, LOOK_AGAIN);
//# sourceURL=chat.js
