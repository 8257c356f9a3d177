// Importing: a file is read and shown before anything is stored; all of it is stored or nothing, and it can be undone.

const LARGEST_FILE = 100_000_000; // bytes; the server's limit, said before 100 MB were sent in vain
const LOOK_AGAIN = 500;           // ms between looks at how far an import is
const DUPLICATES = ["skip", "replace", "keep"];

function importsView(query) {
  const past = make("div");
  const work = make("div", { class: "fs-work" });
  const list = () => load(past, () => call("GET", "imports"), ({ imports }) => importList(imports, list));
  const start = () => work.replaceChildren(fileForm(work, watched));
  const watched = (job) => {
    rewrite(`#/imports?job=${part(job)}`); // a reload goes on watching
    watch(job, work, (done) => {
      rewrite("#/imports");
      work.replaceChildren(done, fileForm(work, watched));
      list();
    });
  };
  if (query.job) watched(query.job);
  else start();
  list();
  return { title: "nav_imports", node: make("div", {}, heading("nav_imports"), work,
    section("export_title", paragraph("export_said"), make("ul", { class: "fs-row fs-links" },
      FORMATS.map((format) => make("li", {}, exportLink(format))))), section("imports_past", past)) };
}

// Choosing or dropping a file, and what it is.
function fileForm(work, watched) {
  const found = make("div");
  const chosen = make("p", { class: "fs-chosen", say: "file_none" });
  const file = make("input", { type: "file", id: newId(), class: "fs-file", change: () => took(file.files[0]),
    accept: ".csv,.tsv,.txt,.xlsx" });
  const format = select([["auto", "format_auto"], ["frontdesk", "format_frontdesk"], ["qnamaker", "format_qnamaker"],
    ["maxkb", "format_maxkb"]], "auto");
  const tongue = select([["", "language_as_in_file"], ...LANGUAGES.slice(1)], "");
  let picked = null;
  const took = (one) => {
    if (!one) return;
    picked = one;
    says(chosen, "say", ["file_chosen", { name: one.name, size: () => bytes(one.size) }]);
    preview();
  };
  const preview = async () => {
    if (!picked) return;
    const asked = { name: picked.name, format: format.value, language: tongue.value };
    found.replaceChildren(paragraph("reading", { class: "fs-loading", role: "status" }));
    await load(found, async () => {
      if (picked.size > LARGEST_FILE) throw new Refused(413, { code: "file_too_large" });
      return call("POST", address("imports/preview", asked), { raw: picked, lane: "preview" });
    }, (read) => previewNode(read, watched));
    found.querySelector("h2")?.focus();
  };
  format.addEventListener("change", preview);
  tongue.addEventListener("change", preview);
  const drop = make("div", { class: "fs-drop", dragover: (event) => {
    event.preventDefault();
    drop.classList.add("fs-over");
  }, dragleave: () => drop.classList.remove("fs-over"), drop: (event) => {
    event.preventDefault();
    drop.classList.remove("fs-over");
    took(event.dataTransfer.files[0]);
  } }, file, make("label", { for: file.id, class: "fs-button fs-strong", say: "file_choose" }), words("file_drop"),
  chosen);
  return make("div", {}, make("section", { class: "fs-card" }, make("h2", { say: "import_title" }),
    paragraph("import_said"), drop, make("div", { class: "fs-filters" }, field("file_format", format),
      field("file_language", tongue))), found);
}

function bytes(size) {
  const [value, unit] = size < 1e3 ? [size, "byte"] : size < 1e6 ? [size / 1e3, "kilobyte"] : [size / 1e6, "megabyte"];
  return value.toLocaleString(TAGS[language], { style: "unit", unit, maximumFractionDigits: 1 });
}

// What is in the file: its faults, or what would change and the button for it.
function previewNode(read, watched) {
  const faulty = read.error_count > 0;
  const repeated = read.repeat_count ?? read.repeats.length;
  const nothing = !faulty && read.new + read.changed_count + repeated === 0;
  heard(faulty ? ["preview_errors", { n: read.error_count }] : ["preview_rows", { n: read.rows }]);
  return make("section", { class: "fs-card" }, make("h2", { tabindex: "-1", say: "preview_title" }),
    facts(["file_format", words(() => named("format_", read.format))], ["count_rows", words(() => number(read.rows))],
      ["count_new", words(() => number(read.new))], ["count_changed", words(() => number(read.changed_count))],
      ["count_same", words(() => number(read.same))]),
    faulty && [make("div", { class: "fs-problem" }, icon("warning"),
      paragraph(["preview_errors", { n: read.error_count }])),
    table("errors_label", ERROR_COLUMNS, read.errors), cut(read.errors.length, read.error_count)],
    read.changed.length > 0 && make("details", { open: true }, make("summary", { say: ["changed_rows",
      { n: read.changed_count }] }), table("changed_label", CHANGED_COLUMNS, read.changed),
    cut(read.changed.length, read.changed_count)),
    read.repeats.length > 0 && make("details", {}, make("summary", { say: ["repeats", { n: repeated }] }),
      table("repeats_label", REPEAT_COLUMNS, read.repeats), cut(read.repeats.length, repeated)),
    read.warnings?.length > 0 && make("details", { open: true }, make("summary", { say: ["warnings",
      { n: read.warnings.length }] }), table("warnings_label", ERROR_COLUMNS, read.warnings)),
    read.sample.length > 0 && make("details", { open: !faulty && !read.changed.length },
      make("summary", { say: "sample" }), table("sample", SAMPLE_COLUMNS, read.sample)),
    nothing ? paragraph("preview_nothing", { class: "fs-fine" }) : !faulty && startForm(read, watched));
}

const cut = (shown, count) => count > shown && paragraph(["cut", { shown, count }], { class: "fs-hint" });
const LINE = { title: "line", kind: "fs-number", cell: (row) => words(() => number(row.line)) };
const ERROR_COLUMNS = [LINE, { title: "what_is_wrong", kind: "fs-main-cell", cell: (row) => row.message }];
const CHANGED_COLUMNS = [LINE, { title: "field_question", cell: (row) => pairLink(row.pair_id, row.question) },
  { title: "changed_fields", cell: ({ fields = ["answer"] }) => words(() =>
    list(fields.map((key) => named("field_", key)))) },
  { title: "field_answer", kind: "fs-main-cell", cell: (row) => differenceNode(row.old_answer, row.new_answer) }];
const REPEAT_COLUMNS = [LINE, { title: "field_question", kind: "fs-main-cell", cell: (row) => row.question },
  { title: "other_line", kind: "fs-number", cell: (row) => (row.other_line ? words(() => number(row.other_line))
    : row.pair_id > 0 && pairLink(row.pair_id)) }];
const SAMPLE_COLUMNS = [{ title: "field_question", kind: "fs-main-cell", cell: (pair) => pair.question },
  { title: "field_answer", cell: (pair) => make("span", { class: "fs-line" }, pair.answer) },
  { title: "column_similar", kind: "fs-number", cell: (pair) => words(() => number(pair.similar?.length ?? 0)) },
  { title: "field_category", cell: (pair) => pair.category }];

function startForm(read, watched) {
  const group = newId();
  const trouble = make("div", { class: "fs-trouble" });
  const choices = DUPLICATES.map((value) => {
    const radio = make("input", { type: "radio", name: group, value, id: newId(), checked: value === "skip" });
    return make("div", { class: "fs-check" }, radio, make("label", { for: radio.id, say: `duplicates_${value}` }));
  });
  const start = button(["import_start", { n: read.rows }], { class: "fs-button fs-strong" }, async () => {
    const duplicates = node.querySelector("input:checked").value;
    try {
      const { job } = await call("POST", "imports", { body: { token: read.token, duplicates } });
      watched(job);
    } catch (error) {
      trouble.replaceChildren(problem(error));
    }
  });
  const node = make("div", {}, make("fieldset", { class: "fs-choice" }, make("legend", { say: "duplicates" }), choices),
    trouble, start);
  return node;
}

// Shows how far an import is until it is done; finished(what to say of it) then.
async function watch(job, work, finished) {
  const bar = make("progress", { label: "import_runs", max: "1", value: "0" });
  const far = make("p", { role: "status" });
  work.replaceChildren(make("section", { class: "fs-card" }, make("h2", { say: "import_runs" }), bar, far));
  try {
    for (;;) {
      const { done, total, state, message } = await call("GET", `imports/jobs/${part(job)}`);
      bar.max = Math.max(total, 1);
      bar.value = done;
      says(far, "say", ["import_far", { done, total }]);
      if (state === "done") return finished(notice(["import_done", { n: total }]));
      if (state === "failed") return finished(problem(new Refused(400, { code: "import_failed", message })));
      await new Promise((next) => setTimeout(next, LOOK_AGAIN));
    }
  } catch (error) {
    finished(problem(error));
  }
}

function importList(imports, again) {
  if (!imports.length) return empty("imports_none");
  return table("imports_past", [
    { title: "import_at", cell: (one) => [when(one.at), make("span", { class: "fs-line" }, one.by)] },
    { title: "import_name", kind: "fs-main-cell", cell: (one) => one.name },
    ...["added", "replaced", "skipped"].map((key) => ({ title: `count_${key}`, kind: "fs-number",
      cell: (one) => words(() => number(one[key])) })),
    { kind: "fs-acts", cell: (one) => (one.undone_at ? words(["undone", { at: () => moment(one.undone_at) }],
      { class: "fs-quiet" }) : button("undo", { class: "fs-button fs-small" }, () => undo(one, again))) },
  ], imports);
}

async function undo(one, again) {
  if (!(await ask("undo_title", ["undo_said", { name: one.name }], "undo", "fs-button fs-danger"))) return;
  const { withdrawn, restored, kept } = await call("POST", `imports/${part(one.id)}/undo`, { body: {} });
  await again();
  const stay = kept.length && make("p", {}, words(["undo_kept", { n: kept.length }]), " ",
    kept.slice(0, 20).map((id) => [pairLink(id), " "]));
  await dialog("undo_done", [paragraph(["undo_counts", { withdrawn, restored }]), stay || null],
    [["yes", "close", "fs-button fs-strong"]]);
}
