// What differs between two texts, word by word, and between two pairs, field by field.

const LARGEST = 4_000_000; // cells of the table below; beyond it the changed middle is shown as a whole

// Words, single Han characters, white space and signs.
const pieces = (said) => said.match(/[\p{Script=Han}]|[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}\s]/gu) ?? [];

// [[kind, text], ...] with kind "same", "gone" or "new". Longest common subsequence (Wagner and Fischer 1974), after
// what both begin and end with is set aside.
function differences(before, after) {
  const old = pieces(before), now = pieces(after);
  let start = 0, end = 0;
  while (start < Math.min(old.length, now.length) && old[start] === now[start]) start += 1;
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  return merged([
    ["same", old.slice(0, start)],
    ...middle(old.slice(start, old.length - end), now.slice(start, now.length - end)),
    ["same", old.slice(old.length - end)],
  ]);
}

function middle(old, now) {
  if (!old.length || !now.length || old.length * now.length > LARGEST) return [["gone", old], ["new", now]];
  const width = now.length + 1;
  const common = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1)
    for (let j = now.length - 1; j >= 0; j -= 1)
      common[i * width + j] = old[i] === now[j] ? common[(i + 1) * width + j + 1] + 1
        : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
  const steps = [];
  let i = 0, j = 0;
  while (i < old.length && j < now.length) {
    if (old[i] === now[j]) steps.push(["same", [old[i++]]]), j += 1;
    else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) steps.push(["gone", [old[i++]]]);
    else steps.push(["new", [now[j++]]]);
  }
  return [...steps, ["gone", old.slice(i)], ["new", now.slice(j)]];
}

function merged(steps) {
  const done = [];
  for (const [kind, some] of steps) {
    if (!some.length) continue;
    if (done.at(-1)?.[0] === kind) done.at(-1)[1] += some.join("");
    else done.push([kind, some.join("")]);
  }
  return done;
}

const PARTS = {
  same: (said) => document.createTextNode(said),
  gone: (said) => make("del", {}, unseen("removed"), said),
  new: (said) => make("ins", {}, unseen("added"), said),
};

const differenceNode = (before, after) => make("div", { class: "fs-difference" },
  differences(before, after).map(([kind, said]) => PARTS[kind](said)));

// `before` null: there was nothing, so that all of it is new.
const changeOf = (before, after) => (before === null ? make("div", { class: "fs-difference" }, after)
  : differenceNode(before, after));

// -- pairs

const PAIR_FIELDS = ["question", "answer", "similar", "category", "language", "state", "valid_from", "valid_until",
  "review_by", "owner", "source_url"];

const same = (one, other) => JSON.stringify(one ?? "") === JSON.stringify(other ?? "");
const only = (values, keys) => Object.fromEntries(keys.filter((key) => key in values).map((key) => [key, values[key]]));

// A field's value in words, for reading and comparing.
function inWords(key, value) {
  if (key === "similar") return (value ?? []).join("\n");
  if (key === "language") return text(value ? `language_${value}` : "language_both");
  if (key === "state") return named("state_", value);
  return String(value ?? "");
}

// The changed fields of a pair, one below the other; null if there are none. `before` null: there was none.
function pairDifference(before, after) {
  const changed = PAIR_FIELDS.filter((key) => !same(before?.[key], after[key]));
  if (!changed.length) return null;
  return make("dl", { class: "fs-facts fs-changes" }, changed.map((key) => make("div", {},
    make("dt", { say: `field_${key}` }),
    make("dd", {}, changeOf(before && inWords(key, before[key]), inWords(key, after[key]))))));
}
