// The page's pieces. Every word becomes a text node; only the bubbles of the bot and of staff are parsed as HTML, which
// the server has made of their Markdown and cleaned (chatbot.web.markdown).
// Given by gr.HTML's js_on_load: element, props, server, trigger, watch. chat.js follows in the same scope.
"use strict";

const page = element.querySelector("#fd");
const find = (selector) => page.querySelector(selector);
let language = "en";
document.body.classList.add("fd-ready"); // chat.css covers the page until then

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== false) node.setAttribute(name, value);
  node.append(...children.filter(Boolean));
  return node;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#fd-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

// Texts are named, not written, so that the language switch can say everything again.
function say(node) {
  const texts = props.texts[language];
  if (node.dataset.text) node.textContent = texts[node.dataset.text];
  if (node.dataset.label) node.setAttribute("aria-label", texts[node.dataset.label]);
  if (node.dataset.label && node.tagName === "BUTTON") node.title = texts[node.dataset.label];
  if (node.dataset.placeholder) node.placeholder = texts[node.dataset.placeholder];
}

function sayAll(root) {
  if (root.dataset) say(root);
  root.querySelectorAll("[data-text], [data-label], [data-placeholder]").forEach(say);
  return root;
}

const words = (key, attributes = {}) => make("span", { "data-text": key, ...attributes });
const unseen = (key) => words(key, { class: "fd-unseen" });

function link(address, ...children) {
  return make("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children,
    unseen("new_tab"));
}

function rich(html) { // what is in a template neither loads nor runs until it is put into the page
  const made = make("template");
  made.innerHTML = html;
  made.content.querySelectorAll("a[target]").forEach((address) => address.append(unseen("new_tab")));
  return made.content;
}

// A choice carries the button it stands for; one listener in chat.js sends it.
function choice(button, related) {
  const node = make("button", { type: "button", class: related ? "fd-question" : "fd-quick" }, button.title);
  if (related) node.append(icon("go"));
  node.choice = button;
  return node;
}

function choices(buttons, related, heading) {
  if (!buttons.length) return null;
  const kind = related ? "fd-choices fd-questions" : "fd-choices";
  return make("div", { class: kind, role: "group", "data-label": related ? heading : "choices" },
    related && words(heading, { class: "fd-small", "aria-hidden": "true" }),
    ...buttons.map((button) => choice(button, related)));
}

function utterance(said, tag) {
  const bubble = make("div", { class: "fd-bubble fd-rich", lang: tag }, rich(said.html));
  if (said.image) bubble.append(make("img", { src: said.image, alt: props.texts[language].picture, loading: "lazy" }));
  if (said.image_link) bubble.append(" ", link(said.image_link, words("picture")));
  const origin = (said.origin || said.source) && make("p", { class: "fd-small fd-origin" },
    said.origin && make("span", { lang: tag }, said.origin), said.origin && said.source && " · ",
    said.source && link(said.source, words("source")));
  return [said.html || said.image || said.image_link ? bubble : null, origin];
}

function thumb(rating, name, label, current) {
  const node = make("button", { type: "button", class: "fd-thumb", "data-label": label, "data-rating": rating,
    "aria-pressed": String(current === rating) });
  node.append(icon(name));
  return node;
}

function thumbs(rating) {
  return make("div", { class: "fd-thumbs" }, thumb(1, "up", "helped", rating), thumb(-1, "down", "not_helped", rating));
}

function speaker(byPerson) {
  return make("div", { class: byPerson ? "fd-who fd-by-person" : "fd-who" },
    make("span", { class: "fd-face", "aria-hidden": "true" }, icon(byPerson ? "someone" : "leaf")),
    words(byPerson ? "team" : "assistant", { class: "fd-small" }));
}

function replyNode(reply, rating) {
  if (reply.silent) return make("p", { class: "fd-note" }, icon("someone"), words("silent"));
  const tag = reply.language === "zh" ? "zh-CN" : "en";
  const said = reply.utterances.flatMap((one) => utterance(one, tag));
  return make("div", { class: "fd-reply" }, speaker(reply.by_person), ...said.slice(0, -1),
    make("div", { class: "fd-meta" }, said[said.length - 1], !reply.by_person && thumbs(rating)),
    ...reply.utterances.map((one) => choices(one.buttons, one.related, "related")));
}

const AGAIN = { failed: "retry", too_fast: "retry", not_opened: "reload" }; // what can be done about a problem; about the others: nothing

function problemNode(key) {
  const node = make("div", { class: "fd-reply fd-problem" }, speaker(false),
    make("div", { class: "fd-bubble" }, words(key)));
  const again = { type: "button", class: "fd-quick fd-again", "data-text": AGAIN[key] };
  if (key in AGAIN) node.append(make("button", again));
  return node;
}

function typingNode() {
  return make("div", { class: "fd-reply fd-typing" }, speaker(false),
    make("div", { class: "fd-bubble fd-dots" }, make("i"), make("i"), make("i"), unseen("typing")));
}

const stillWorkingNode = () => sayAll(words("slow", { class: "fd-small fd-slow" }));

function exchangeNode(entry) {
  const own = entry.person ? words("talk_to_person") : entry.text;
  const node = make("section", { class: "fd-exchange" });
  if (own) node.append(make("div", { class: "fd-own" }, unseen("you"), make("div", { class: "fd-bubble" }, own)));
  node.entry = entry;
  return sayAll(node);
}

function outcomeNode(entry) {
  if (entry.state === "waiting") return sayAll(typingNode());
  if (entry.state === "problem") return sayAll(problemNode(entry.problem));
  return sayAll(replyNode(entry.reply, entry.rating));
}

function welcomeNode() {
  const questions = props.starters[language].map((text) => ({ title: text, payload: text }));
  return sayAll(make("section", { class: "fd-exchange fd-welcome" }, make("div", { class: "fd-reply" }, speaker(false),
    make("div", { class: "fd-bubble" }, words("greeting")), choices(questions, true, "starters"))));
}
