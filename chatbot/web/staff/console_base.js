// What all of the console is made with: nodes, and texts in two languages. Every word of staff and of customers becomes
// a text node; only `cleaned` takes HTML, and only what the server itself made of an answer.
// Given by gr.HTML's js_on_load: element, props. The other console_*.js follow in the same scope.
"use strict";

const page = element.querySelector("#fs");
const find = (selector) => page.querySelector(selector);
const TAGS = { en: "en", zh: "zh-CN" };
let language = "en";
let me = null; // { name, role } of who is signed in
document.body.classList.add("fs-ready"); // console.css covers the page until then

// -- what the browser remembers; one that forbids it loses nothing but the memory

function remembered(store, key) {
  try { return JSON.parse(window[store].getItem(key)); } catch { return null; }
}

function remember(store, key, value) {
  try {
    value === null ? window[store].removeItem(key) : window[store].setItem(key, JSON.stringify(value));
  } catch { /* not allowed to: then not */ }
}

// -- texts

const known = (key) => key in props.texts[language];

// The text of a key, its places filled in. `n` counts: a text for exactly one has the key with _one behind it.
function text(key, places = {}) {
  const texts = props.texts[language];
  const found = (places.n === 1 && texts[`${key}_one`]) || texts[key];
  if (found === undefined) throw new Error(`There is no text ${key}`);
  return found.replace(/\{(\w+)\}/g, (_, name) => shown(places[name]));
}

function shown(value) {
  if (typeof value === "function") return value();
  return typeof value === "number" ? number(value) : String(value ?? "");
}

const named = (prefix, word) => (known(prefix + word) ? text(prefix + word) : String(word)); // a word of the server's
const number = (value) => value.toLocaleString(TAGS[language]);
const score = (value) => (typeof value === "number" ? value.toFixed(2) : "–");
const percent = (value) => value.toLocaleString(TAGS[language], { style: "percent", maximumFractionDigits: 0 });
const list = (values) => values.join(language === "zh" ? "、" : ", ");

function moment(at) {
  const date = new Date(at);
  if (!at || Number.isNaN(date.valueOf())) return String(at ?? "");
  return date.toLocaleString(TAGS[language], { dateStyle: "medium", timeStyle: "short" });
}

function day(at) { // a day alone has no time zone: it is read as it stands
  const date = new Date(/^\d{4}-\d\d-\d\d$/.test(at) ? `${at}T00:00:00` : at);
  return !at || Number.isNaN(date.valueOf()) ? String(at ?? "")
    : date.toLocaleDateString(TAGS[language], { dateStyle: "medium" });
}

function today() {
  const now = new Date();
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

const meant = (said) => (typeof said === "function" ? said() : Array.isArray(said) ? text(...said) : text(said));

// Where a text may stand. Texts are named, not written, so that the language switch can say everything again.
const PLACES = {
  say: (node, words) => { node.textContent = words; },
  label: (node, words) => { node.setAttribute("aria-label", words); },
  hint: (node, words) => { node.title = words; },
  placeholder: (node, words) => { node.placeholder = words; },
  column: (node, words) => { node.dataset.column = words; },
};

// said: a key, [key, places], or a function that gives the words.
function says(node, place, said) {
  (node.sayings ??= {})[place] = said;
  node.dataset.said = "";
  PLACES[place](node, meant(said));
  return node;
}

function sayAgain() {
  for (const node of page.querySelectorAll("[data-said]"))
    for (const [place, said] of Object.entries(node.sayings)) PLACES[place](node, meant(said));
}

// -- nodes

// attributes: of HTML; a name of PLACES names a text; a function listens to the event of that name.
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name in PLACES) says(node, name, value);
    else if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...inside(children));
  return node;
}

const inside = (children) => children.flat(Infinity).filter((child) => ![null, undefined, false].includes(child));
const words = (said, attributes = {}) => make("span", { say: said, ...attributes });
const unseen = (said) => words(said, { class: "fs-unseen" });
const paragraph = (said, attributes = {}) => make("p", { say: said, ...attributes });
const when = (at) => make("time", { datetime: at, say: () => moment(at) });
const onDay = (at) => make("time", { datetime: at, say: () => day(at), hint: () => moment(at) }); // where room is short
const name = (someone) => make("span", { class: "fs-who" }, someone);

function icon(symbol) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#fs-icon-${symbol}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

// What the server made of an answer's Markdown: the one place that takes HTML.
function cleaned(html, attributes = {}) {
  const node = make("div", { class: "fs-cleaned", ...attributes });
  node.innerHTML = html;
  for (const link of node.querySelectorAll("a")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
  }
  return node;
}

const WEB = /^(https?:\/\/|mailto:|tel:)/i;

function outward(address) { // an address that staff typed: a link only if it is one
  if (!WEB.test(address)) return make("span", {}, address);
  return make("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, address,
    unseen("new_tab"));
}

const inward = (hash, attributes, ...children) => make("a", { href: hash, ...attributes }, ...children);
const pairLink = (id, ...children) => inward(`#/pairs/${id}`, {}, `#${id}`, children.length ? " " : null, ...children);

let ids = 0;
const newId = () => `fs-id-${(ids += 1)}`;

function setLanguage(chosen) {
  language = chosen;
  document.documentElement.lang = TAGS[chosen];
  sayAgain();
}
