// Shows /openapi.json and sends requests. Everything is set as text, never as HTML.
"use strict";

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

// What stands between backticks is code.
const worded = (text) => (text ?? "").split("`").map((part, at) => (at % 2 ? make("code", {}, part) : part));

const METHODS = ["get", "post", "put", "patch", "delete"];
let api = {};

// What a reference (#/components/schemas/Name) leads to.
const resolve = (one) => {
  if (!one || !one.$ref) return one ?? {};
  return one.$ref.split("/").slice(1).reduce((inside, name) => (inside ?? {})[name], api) ?? {};
};

// A value that fits a schema, to begin from.
const example = (schema, depth = 0) => {
  const found = resolve(schema);
  if (found.example !== undefined) return found.example;
  if (found.enum) return found.enum[0];
  const variant = (found.oneOf ?? found.anyOf ?? []).find((one) => one.type !== "null");
  if (variant) return example(variant, depth + 1);
  if (found.allOf) return Object.assign({}, ...found.allOf.map((one) => example(one, depth + 1)));
  const type = Array.isArray(found.type) ? found.type.find((one) => one !== "null") : found.type;
  if (type === "object" || found.properties) {
    const wanted = Object.entries(found.properties ?? {}).filter(([name]) => (found.required ?? []).includes(name));
    return depth > 5 ? {} : Object.fromEntries(wanted.map(([name, one]) => [name, example(one, depth + 1)]));
  }
  if (type === "array" && found.minItems) return [example(found.items, depth + 1)];
  return { array: [], integer: 0, number: 0, boolean: false, string: "" }[type] ?? null;
};

const typeOf = (schema) => {
  if (!schema) return "";
  if (schema.$ref) return resolve(schema).enum ? typeOf(resolve(schema)) : schema.$ref.split("/").pop();
  const variants = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (variants) return variants.map(typeOf).join(" | ");
  if (schema.type === "array") return resolve(schema.items).enum ? `(${typeOf(schema.items)})[]` : `${typeOf(schema.items)}[]`;
  const type = Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type ?? "any";
  return schema.enum ? schema.enum.map((one) => JSON.stringify(one)).join(" | ") : type;
};

const fields = (schema) => {
  const found = resolve(schema.type === "array" ? schema.items : schema);
  const parts = found.allOf ? found.allOf.map(resolve) : [found];
  const rows = parts.flatMap((part) => Object.entries(part.properties ?? {}).map(([name, one]) => make("tr", {},
    make("td", {}, make("code", {}, name), (part.required ?? []).includes(name) ? " *" : ""),
    make("td", {}, make("code", {}, typeOf(one))), make("td", {}, ...worded(one.description)))));
  return rows.length ? make("table", {}, ...rows) : null;
};

const send = async (method, path, inputs, body, output) => {
  let address = path;
  const query = new URLSearchParams();
  const token = document.getElementById("token").value;
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  for (const [parameter, input] of inputs) {
    if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value === "") continue;
    else if (parameter.in === "header") headers[parameter.name] = input.value;
    else query.set(parameter.name, input.value);
  }
  if (body && body.value) headers["Content-Type"] = "application/json";
  const whole = query.size ? `${address}?${query}` : address;
  const began = performance.now();
  try {
    const answer = await fetch(whole, { method: method.toUpperCase(), headers, body: (body && body.value) || undefined });
    const text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* no JSON: shown as it is */ }
    const took = Math.round(performance.now() - began);
    output.textContent = `${answer.status} ${answer.statusText}, ${took} ms\n\n${shown}`;
  } catch (error) {
    output.textContent = String(error);
  }
  output.hidden = false;
};

const route = (path, method, operation, shared) => {
  const parameters = [...(shared ?? []), ...(operation.parameters ?? [])];
  const inputs = parameters.map((parameter) => [parameter, make("input", { "aria-label": parameter.name })]);
  const json = operation.requestBody && operation.requestBody.content["application/json"];
  const body = json ? make("textarea", { spellcheck: "false", "aria-label": "body" }) : null;
  if (body) body.value = JSON.stringify(example(json.schema), null, 2);
  const output = make("pre", { hidden: "" });
  const button = make("button", { type: "button" }, "Send");
  button.addEventListener("click", () => send(method, path, inputs, body, output));
  const answers = Object.entries(operation.responses ?? {}).map(([status, one]) => {
    const answer = resolve(one);
    const content = answer.content && Object.values(answer.content)[0];
    return make("tr", {}, make("td", {}, make("code", {}, status)),
      make("td", {}, make("code", {}, content ? typeOf(content.schema) : "")), make("td", {}, ...worded(answer.description)));
  });
  const good = Object.entries(operation.responses ?? {}).find(([status]) => status.startsWith("2"));
  const shape = good && good[1].content && Object.values(good[1].content)[0].schema;
  const rows = shape ? fields(shape) : null;
  const inside = make("div", {},
    operation.description ? make("p", {}, ...worded(operation.description)) : null,
    inputs.length ? make("table", {}, ...inputs.map(([parameter, input]) => make("tr", {},
      make("td", {}, make("code", {}, parameter.name), parameter.required ? " *" : ""),
      make("td", {}, input), make("td", {}, ...worded(`${parameter.in}: ${parameter.description ?? ""}`))))) : null,
    body, json ? fields(json.schema) : null, button, output,
    make("h4", {}, "Answers"), make("table", {}, ...answers), ...(rows ? [make("h4", {}, typeOf(shape)), rows] : []));
  const head = make("summary", {}, make("span", { class: `method ${method}` }, method),
    make("code", { class: "path" }, path), make("span", { class: "said" }, ...worded(operation.summary)));
  const element = make("details", { id: operation.operationId ?? "" }, head, inside);
  element.dataset.words = `${method} ${path} ${operation.summary ?? ""}`.toLowerCase();
  return element;
};

const show = () => {
  document.getElementById("title").textContent = `${api.info.title} ${api.info.version}`;
  document.getElementById("about").replaceChildren(...worded(api.info.description));
  const groups = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((one) => item[one])) {
      const tag = (item[method].tags ?? ["other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(route(path, method, item[method], item.parameters));
    }
  }
  const sections = [...groups].map(([tag, routes]) => make("section", {}, make("h2", {}, tag), ...routes));
  document.getElementById("routes").replaceChildren(...sections);
  openNamed();
};

document.getElementById("find").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const element of document.querySelectorAll("details")) {
    element.hidden = !words.every((word) => element.dataset.words.includes(word));
  }
  for (const section of document.querySelectorAll("section")) {
    section.hidden = !section.querySelector("details:not([hidden])");
  }
});

document.getElementById("settings").addEventListener("submit", (event) => event.preventDefault());

// `#get_users_me` names a route, so that one can be pointed at.
const openNamed = () => {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(named instanceof HTMLDetailsElement)) return;
  named.open = true;
  named.scrollIntoView();
};

addEventListener("hashchange", openNamed);

fetch("/openapi.json")
  .then((answer) => answer.json())
  .then((found) => { api = found; show(); })
  .catch((error) => { document.getElementById("routes").textContent = String(error); });
