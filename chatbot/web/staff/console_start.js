// Start here: which views there are, who may open them, and what happens first.

const HOME = "inbox";

// pattern of the address, the role it needs, the function that makes it
const VIEWS = [
  [/^inbox$/, "agent", inboxView],
  [/^inbox\/([^/]+)$/, "agent", groupView],
  [/^inbox\/([^/]+)\/pair$/, "editor", groupPairView],
  [/^pairs$/, "agent", pairsView],
  [/^pairs\/new$/, "editor", newPairView],
  [/^pairs\/(\d+)$/, "agent", pairView],
  [/^pairs\/(\d+)\/history$/, "agent", pairHistoryView],
  [/^templates$/, "agent", templatesView],
  [/^templates\/([^/]+)$/, "agent", templateView],
  [/^templates\/([^/]+)\/history$/, "agent", templateHistoryView],
  [/^try$/, "agent", tryView],
  [/^imports$/, "editor", importsView],
  [/^team$/, "admin", teamView],
  [/^audit$/, "admin", auditView],
  [/^password$/, "agent", ownPasswordView],
];

// the menu: first part of the address, role, icon
const AREAS = [
  ["inbox", "agent", "inbox"],
  ["pairs", "agent", "pairs"],
  ["templates", "agent", "templates"],
  ["try", "agent", "try"],
  ["imports", "editor", "imports"],
  ["team", "admin", "team"],
  ["audit", "admin", "audit"],
];

async function start() {
  for (const node of page.querySelectorAll("[data-say]")) says(node, "say", node.dataset.say);
  for (const node of page.querySelectorAll("[data-label]")) says(node, "label", node.dataset.label);
  const chosen = remembered("localStorage", "frontdesk.language");
  setLanguage(chosen in props.texts ? chosen : document.documentElement.lang.startsWith("zh") ? "zh" : "en");
  firstToken = /^#first=(.+)$/.exec(location.hash)?.[1] ?? "";
  if (firstToken) history.replaceState(null, "", "#/"); // it is a secret: neither in the address nor in the way back
  try {
    signedIn(await call("GET", "session"));
  } catch (error) {
    askToSignIn();
    if (error.code !== "not_signed_in") complain(error);
  }
}

start();
//# sourceURL=console.js
