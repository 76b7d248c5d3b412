"use strict";
// Draws the OpenAPI document of this server: no library, no other host, no markup from strings.

const METHODS = ["get", "post", "put", "patch", "delete"];

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function resolve(schema, api) {
  const name = schema && schema.$ref ? schema.$ref.split("/").pop() : null;
  return name ? { ...api.components.schemas[name], title: name } : schema || {};
}

function typeOf(schema, api) {
  const found = resolve(schema, api);
  if (found.anyOf) return found.anyOf.map((one) => typeOf(one, api)).join(" | ");
  if (found.enum) return found.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (found.const !== undefined) return JSON.stringify(found.const);
  if (found.type === "array") return `${typeOf(found.items, api)}[]`;
  if (schema && schema.$ref) return found.title;
  return found.format || found.type || "any";
}

// A small value of the schema's shape; `depth` ends schemas that contain themselves.
function example(schema, api, depth = 0) {
  const found = resolve(schema, api);
  if (depth > 5) return null;
  if (found.default !== undefined && found.default !== null) return found.default;
  if (found.anyOf) return example(found.anyOf.find((one) => one.type !== "null") || {}, api, depth);
  if (found.enum) return found.enum[0];
  if (found.const !== undefined) return found.const;
  if (found.type === "array") return [example(found.items, api, depth + 1)];
  if (found.properties) {
    return Object.fromEntries(Object.entries(found.properties).map(([key, one]) => [key, example(one, api, depth + 1)]));
  }
  if (found.additionalProperties && typeof found.additionalProperties === "object") {
    return { name: example(found.additionalProperties, api, depth + 1) };
  }
  const plain = { integer: 0, number: 0.5, boolean: true, object: {}, null: null };
  if (found.type in plain) return plain[found.type];
  return found.format === "date-time" ? "2026-01-31T12:00:00.000Z" : found.format === "binary" ? "(file)" : "text";
}

// Paragraphs of plain text in which `words` are code.
function prose(text) {
  return text.split(/\n\s*\n/).map((paragraph) => {
    const parts = paragraph.trim().replace(/\s*\n\s*/g, " ").split("`");
    return make("p", {}, ...parts.map((part, index) => (index % 2 ? make("code", {}, part) : part)));
  });
}

function table(head, rows) {
  const cells = (tag, values) => values.map((value) => make(tag, tag === "th" ? { scope: "col" } : {}, value));
  const body = rows.map((row) => make("tr", {}, ...cells("td", row)));
  return make("table", {}, make("thead", {}, make("tr", {}, ...cells("th", head))), make("tbody", {}, ...body));
}

function code(text) {
  return make("pre", { tabindex: "0" }, make("code", {}, text));
}

function parameters(operation, api) {
  if (!operation.parameters || operation.parameters.length === 0) return [];
  const rows = operation.parameters.map((one) => [
    make("code", {}, one.name),
    one.in + (one.required ? ", required" : ""),
    typeOf(one.schema, api),
    one.description || (one.schema.default !== undefined ? `default ${JSON.stringify(one.schema.default)}` : ""),
  ]);
  return [make("h3", {}, "Parameters"), table(["Name", "In", "Type", ""], rows)];
}

function contents(title, content, api) {
  return Object.entries(content || {}).flatMap(([kind, one]) => {
    const drawn = example(one.schema, api);
    const text = typeof drawn === "string" ? drawn : JSON.stringify(drawn, null, 2);
    return [make("h3", {}, title, " ", make("span", { class: "note" }, kind)), code(text)];
  });
}

function responses(operation, api) {
  return Object.entries(operation.responses || {}).flatMap(([status, one]) => {
    if (one.content) return contents(`${status}`, one.content, api);
    return [make("h3", {}, status), make("p", { class: "note" }, one.description || "")];
  });
}

function route(method, path, operation, api) {
  const open = !operation.security;
  const summary = make(
    "summary",
    {},
    make("span", { class: `method ${method}` }, method.toUpperCase()),
    make("span", { class: "path" }, path),
    open ? make("span", { class: "note" }, "open to everybody") : null,
    make("span", { class: "says" }, (operation.description || operation.summary || "").split("\n")[0]),
  );
  const node = make("details", { class: "route" }, summary);
  node.dataset.words = `${method} ${path} ${operation.description || ""}`.toLowerCase();
  node.addEventListener("toggle", () => {
    if (!node.open || node.children.length > 1) return;
    const more = (operation.description || "").split("\n").slice(1).join("\n").trim();
    const body = operation.requestBody ? contents("Request", operation.requestBody.content, api) : [];
    node.append(
      make("div", { class: "body" }, ...(more ? prose(more) : []), ...parameters(operation, api), ...body, ...responses(operation, api)),
    );
  });
  return node;
}

function grouped(api) {
  const groups = new Map();
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((one) => one in operations)) {
      const name = (operations[method].tags || ["service"])[0];
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(route(method, path, operations[method], api));
    }
  }
  return groups;
}

function filter(words) {
  for (const node of document.querySelectorAll("details.route")) {
    node.classList.toggle("empty", !words.every((word) => node.dataset.words.includes(word)));
  }
  for (const section of document.querySelectorAll("section")) {
    section.classList.toggle("empty", !section.querySelector("details.route:not(.empty)"));
  }
}

function draw(api) {
  document.getElementById("version").textContent = api.info.version;
  document.getElementById("about").replaceChildren(...prose(api.info.description || ""));
  const main = document.getElementById("routes");
  for (const [name, routes] of grouped(api)) {
    main.append(make("section", {}, make("h2", { id: name }, name), ...routes));
    const count = make("span", { class: "count" }, ` ${routes.length}`);
    document.getElementById("groups").append(make("li", {}, make("a", { href: `#${name}` }, name), count));
  }
  const search = document.getElementById("search");
  search.addEventListener("input", () => filter(search.value.toLowerCase().split(/\s+/).filter(Boolean)));
}

fetch("/openapi.json")
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`the server answered ${answer.status}`))))
  .then(draw)
  .catch((error) => {
    document.getElementById("about").textContent = `The reference could not be loaded: ${error.message}.`;
  });
