// Who works here, and what was done: for administrators.

function teamView() {
  const region = make("div");
  const again = () => load(region, () => call("GET", "team"), ({ staff }) => [
    table("nav_team", teamColumns(again), staff.map((one) => ({ ...one, kind: one.active ? "" : "fs-away" }))),
  ]);
  again();
  return { title: "nav_team", node: make("div", {}, heading("nav_team", button("team_add",
    { class: "fs-button fs-strong" }, () => addStaff(again))), region) };
}

const roleOptions = () => RANKS.map((role) => [role, `role_${role}`]);

function teamColumns(again) {
  const change = async (one, body, said) => {
    await call("PATCH", `team/${part(one.name)}`, { body });
    await again();
    announce(said);
  };
  return [
    { title: "name", kind: "fs-main-cell fs-short", cell: (one) => [make("strong", {}, one.name),
      one.name === me.name && [" ", badge("you")]] },
    { title: "role", kind: "fs-tight", cell: (one) => words(`role_${one.role}`) },
    { title: "active", cell: (one) => badge(one.active ? "active_yes" : "active_no", one.active ? "fs-state-published"
      : "fs-state-withdrawn") },
    { title: "created_at", cell: (one) => onDay(one.created_at) },
    { title: "last_seen", cell: ({ last_seen: at }) => (at ? onDay(at) : words("never", { class: "fs-quiet" })) },
    { kind: "fs-acts", cell: (one) => make("div", { class: "fs-row" },
      button("role_change", { class: "fs-button fs-small", label: ["role_of", { name: one.name }] },
        () => changeRole(one, change)),
      one.name !== me.name && button("password_set", { class: "fs-button fs-small",
        label: ["password_of", { name: one.name }] }, () => newPassword(one, change)),
      one.name !== me.name && (one.active
        ? button("deactivate", { class: "fs-button fs-small fs-danger" }, async () => {
          const said = ["deactivate_said", { name: one.name }];
          if (await ask("deactivate_title", said, "deactivate", "fs-button fs-danger"))
            await change(one, { active: false }, "deactivated");
        })
        : button("activate", { class: "fs-button fs-small" }, () => change(one, { active: true }, "activated")))) },
  ];
}

function changeRole(one, change) {
  const role = select(roleOptions(), one.role);
  return fill(["role_of", { name: one.name }], [field("role", role, { hint: "role_hint" })], "save", () =>
    change(one, { role: role.value }, "role_changed"));
}

function newPassword(one, change) {
  const password = passwordField("new-password");
  return fill(["password_of", { name: one.name }], [field("password_new", password, { hint: "password_hint" })], "save",
    () => change(one, { password: password.value }, "password_changed"));
}

async function addStaff(again) {
  const who = nameField({ autocomplete: "off" });
  const password = passwordField("new-password");
  const role = select(roleOptions(), "editor");
  const done = await fill("team_add", [field("name", who), field("password", password, { hint: "password_hint" }),
    field("role", role, { hint: "role_hint" })], "team_add_yes", () => call("POST", "team",
    { body: { name: who.value.trim(), password: password.value, role: role.value } }));
  if (!done) return;
  await again();
  announce(["team_added", { name: who.value.trim() }]);
}

// -- the audit log: newest first, older ones on demand

function auditView(query) {
  const region = make("div");
  const who = input({ value: query.who ?? "", maxlength: "100", input: () => soon() });
  const what = input({ value: query.what ?? "", maxlength: "100", placeholder: "audit_placeholder",
    input: () => soon() });
  const read = (before) => call("GET", address("audit", { before, limit: 100, who: who.value.trim(),
    what: what.value.trim() }), { lane: "audit" });
  const search = () => {
    rewrite(address("#/audit", { who: who.value.trim(), what: what.value.trim() }));
    return load(region, read, ({ entries, more }) => auditList(entries, more, read));
  };
  const soon = later(250, search);
  load(region, read, ({ entries, more }) => auditList(entries, more, read));
  return { title: "nav_audit", node: make("div", {}, heading("nav_audit"), make("div", { class: "fs-filters",
    role: "search" }, field("audit_who", who), field("audit_what", what)), region) };
}

const OF_A_PAIR = /^pair\.(added|updated|withdrawn|restored|back)$/; // of the others the subject is an import, a file

const AUDIT_COLUMNS = [
  { title: "audit_at", cell: (entry) => when(entry.at) },
  { title: "audit_who", cell: (entry) => entry.who },
  { title: "audit_what", cell: (entry) => make("code", {}, entry.what) },
  { title: "audit_subject", cell: ({ what, subject }) => (OF_A_PAIR.test(what) && /^\d+$/.test(subject)
    ? pairLink(subject) : subject) },
  { title: "audit_detail", kind: "fs-main-cell", cell: (entry) => entry.detail },
];

function auditList(entries, more, read) {
  if (!entries.length) return empty("audit_empty");
  const shown = table("nav_audit", AUDIT_COLUMNS, entries);
  const body = shown.querySelector("tbody");
  let last = entries.at(-1).id;
  const older = button("audit_older", {}, async () => {
    const next = await read(last);
    body.append(...table("nav_audit", AUDIT_COLUMNS, next.entries).querySelector("tbody").children);
    last = next.entries.at(-1)?.id ?? last;
    if (!next.more) older.remove();
    heard(["audit_added", { n: next.entries.length }]);
  });
  return [shown, more && older];
}
