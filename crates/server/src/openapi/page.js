"use strict";

// Everything is put in as text, never as markup: names and descriptions come from blueprints.
function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function resolved(document, schema, seen) {
  if (Array.isArray(schema)) return schema.map((one) => resolved(document, one, seen));
  if (schema === null || typeof schema !== "object") return schema;
  if (typeof schema.$ref === "string" && schema.$ref.startsWith("#/components/schemas/")) {
    const name = schema.$ref.slice("#/components/schemas/".length);
    if (seen.includes(name)) return name;
    return resolved(document, document.components.schemas[name], [...seen, name]);
  }
  return Object.fromEntries(Object.entries(schema).map(([key, one]) => [key, resolved(document, one, seen)]));
}

function table(rows, heads) {
  const made = element("table");
  const head = made.createTHead().insertRow();
  for (const text of heads) head.append(element("th", text));
  const body = made.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const text of row) line.append(element("td", text));
  }
  return made;
}

function shown(document, content) {
  const parts = [];
  for (const [kind, { schema }] of Object.entries(content ?? {})) {
    parts.push(element("p", kind));
    if (kind === "application/json") {
      parts.push(element("pre", JSON.stringify(resolved(document, schema ?? {}, []), null, 2)));
    }
  }
  return parts;
}

function filled(document, body, operation) {
  const tokens = (operation.security ?? []).map((one) => Object.keys(one)[0] ?? "none").join(" or ") || "none";
  body.append(element("p", `Token: ${tokens}`));
  if (operation.parameters?.length) {
    const rows = operation.parameters.map((one) => [one.name, one.in, one.schema?.type ?? "", one.description ?? ""]);
    body.append(element("h3", "Parameters"), table(rows, ["Name", "In", "Type", ""]));
  }
  if (operation.requestBody) {
    body.append(element("h3", "Body"), ...shown(document, operation.requestBody.content));
  }
  const answers = Object.entries(operation.responses ?? {});
  body.append(element("h3", "Answers"));
  body.append(table(answers.map(([status, answer]) => [status, answer.description]), ["Status", ""]));
  for (const [status, answer] of answers.filter(([status]) => status.startsWith("2"))) {
    if (answer.content) body.append(element("h3", status), ...shown(document, answer.content));
  }
}

function entry(document, path, method, operation) {
  const made = element("details");
  const head = element("summary");
  head.append(element("span", method.toUpperCase(), "method"), element("span", path, "path"),
    element("span", operation.summary ?? "", "what"));
  const body = element("div", undefined, "body");
  made.append(head, body);
  made.dataset.words = `${method} ${path} ${operation.summary ?? ""}`.toLowerCase();
  made.addEventListener("toggle", () => {
    if (made.open && !body.hasChildNodes()) filled(document, body, operation);
  });
  return made;
}

async function load() {
  const main = window.document.getElementById("main");
  const answer = await fetch("/_public/openapi.json");
  if (!answer.ok) throw new Error(`openapi.json answered ${answer.status}`);
  const described = await answer.json();
  window.document.getElementById("title").textContent = `${described.info.title} ${described.info.version}`;
  window.document.getElementById("about").textContent = described.info.description;
  const sections = new Map(described.tags.map(({ name }) => [name, element("section")]));
  for (const [path, operations] of Object.entries(described.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      sections.get(operation.tags?.[0])?.append(entry(described, path, method, operation));
    }
  }
  main.replaceChildren();
  for (const [name, section] of sections) {
    if (!section.hasChildNodes()) continue;
    section.prepend(element("h2", name));
    main.append(section);
  }
  window.document.getElementById("find").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase();
    for (const one of main.querySelectorAll("details")) one.hidden = !one.dataset.words.includes(words);
  });
}

window.document.addEventListener("DOMContentLoaded", () => {
  load().catch((error) => {
    window.document.getElementById("main").replaceChildren(element("p", String(error)));
  });
});
