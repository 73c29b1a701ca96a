"use strict";
// Shows an OpenAPI document and calls its operations. No framework; text goes into the page as text only, so
// nothing that a document says can become markup.

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];
const FORMS = ["multipart/form-data", "application/x-www-form-urlencoded"];
const MAX_DEPTH = 6; // of examples and type names: recursive schemas end here

const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

class Schemas {
  constructor(api) { this.api = api; }

  resolve(schema) {
    for (let hops = 0; schema && schema.$ref && hops < 20; hops += 1) {
      const steps = schema.$ref.replace(/^#\//, "").split("/");
      schema = steps.reduce((at, step) => at?.[decodeURIComponent(step.replace(/~1/g, "/").replace(/~0/g, "~"))], this.api);
    }
    return schema || {};
  }

  /** A short name of a type, such as `array<Note> | null`. */
  name(schema, depth = 0) {
    if (!schema || depth > MAX_DEPTH) return "…";
    if (schema.$ref) return schema.$ref.split("/").pop();
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
    const choices = schema.anyOf || schema.oneOf;
    if (choices) return choices.map((one) => this.name(one, depth + 1)).join(" | ");
    if (schema.type === "array") return `array<${schema.items ? this.name(schema.items, depth + 1) : "any"}>`;
    const type = Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type || "any";
    return schema.format ? `${type} (${schema.format})` : type;
  }

  /** A value that fits a schema, to start a request body from. */
  example(schema, depth = 0) {
    schema = this.resolve(schema);
    if (schema.default !== undefined) return schema.default;
    if (schema.examples?.length) return schema.examples[0];
    if (schema.enum) return schema.enum[0];
    if (depth > MAX_DEPTH) return null;
    const choices = schema.anyOf || schema.oneOf;
    if (choices) return this.example(choices.find((one) => one.type !== "null") || choices[0], depth + 1);
    switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
      case "object":
        return Object.fromEntries(
          Object.entries(schema.properties || {}).map(([name, one]) => [name, this.example(one, depth + 1)]));
      case "array":
        if (schema.prefixItems) return schema.prefixItems.map((one) => this.example(one, depth + 1));
        return depth < MAX_DEPTH - 2 && schema.items ? [this.example(schema.items, depth + 1)] : [];
      case "integer": return schema.minimum ?? 0;
      case "number": return schema.minimum ?? 0;
      case "boolean": return false;
      case "null": return null;
      case "string": return this.text(schema.format);
      default: return schema.properties ? this.example({ ...schema, type: "object" }, depth) : null;
    }
  }

  text(format) {
    const now = new Date().toISOString();
    const known = {
      "date-time": now, date: now.slice(0, 10), time: now.slice(11), duration: "PT1H", decimal: "0",
      uuid: "00000000-0000-4000-8000-000000000000", ipv4: "127.0.0.1", ipv6: "::1",
    };
    return known[format] ?? "text";
  }
}

class Operation {
  constructor(schemas, server, path, method, operation, shared) {
    Object.assign(this, { schemas, server, path, method, operation });
    const own = (operation.parameters || []).map((one) => schemas.resolve(one));
    const known = new Set(own.map((one) => `${one.in} ${one.name}`));
    const others = (shared || []).map((one) => schemas.resolve(one)).filter((one) => !known.has(`${one.in} ${one.name}`));
    this.parameters = [...others, ...own];
    this.inputs = new Map();
    this.body = schemas.resolve(operation.requestBody);
    this.mediaType = Object.keys(this.body.content || {})[0];
    this.searched = [method, path, operation.summary, operation.description, ...(operation.tags || [])].join(" ").toLowerCase();
    this.node = this.render();
  }

  render() {
    const { operation, method, path } = this;
    const summary = make("summary", {},
      make("span", { class: `method ${method}` }, method.toUpperCase()), make("code", {}, path),
      make("span", { class: "dim" }, operation.summary || ""));
    const inside = make("div", { class: "inside" });
    const node = make("details", { class: `operation${operation.deprecated ? " deprecated" : ""}`, id: operation.operationId }, summary, inside);
    // Filled when it is opened: a large document has thousands of fields.
    node.addEventListener("toggle", () => { if (node.open && !inside.firstChild) inside.append(...this.inside()); });
    return node;
  }

  inside() {
    const { operation } = this;
    const form = make("form", {});
    form.append(...this.parameterRows(), ...this.bodyRows(), make("button", { type: "submit" }, "Send"));
    const result = make("div", { class: "result", "aria-live": "polite" });
    form.addEventListener("submit", (event) => { event.preventDefault(); this.send(result); });
    return [
      operation.deprecated ? make("p", {}, make("strong", {}, "Deprecated.")) : null,
      operation.description ? make("p", { class: "text" }, operation.description) : null,
      form, result, ...this.responseRows(),
    ].filter(Boolean);
  }

  parameterRows() {
    if (!this.parameters.length) return [];
    const rows = this.parameters.map((one) => {
      const schema = this.schemas.resolve(one.schema);
      const input = this.input(one, schema);
      this.inputs.set(one, input);
      return make("tr", {},
        make("td", { class: "name" }, make("code", { class: one.required ? "required" : "" }, one.name), make("div", { class: "dim" }, one.in)),
        make("td", { class: "value" }, input),
        make("td", {}, make("code", { class: "dim" }, this.schemas.name(one.schema)), make("div", { class: "text" }, one.description || "")));
    });
    return [make("h3", {}, "Parameters"), make("table", {}, make("tbody", {}, ...rows))];
  }

  input(parameter, schema) {
    const label = { "aria-label": `${parameter.name} in ${parameter.in}`, name: parameter.name };
    const choices = schema.enum || (schema.type === "boolean" ? [true, false] : null);
    if (!choices) {
      return make("input", { ...label, required: parameter.required, value: schema.default ?? "", placeholder: schema.examples?.[0] ?? "" });
    }
    const options = choices.map((one) => make("option", { selected: one === schema.default }, String(one)));
    return make("select", label, parameter.required ? null : make("option", { value: "" }, ""), ...options);
  }

  bodyRows() {
    if (!this.mediaType) return [];
    const schema = this.body.content[this.mediaType].schema || {};
    const title = make("h3", {}, `Body, ${this.mediaType}`);
    const type = make("code", { class: "dim" }, this.schemas.name(schema));
    if (FORMS.includes(this.mediaType)) {
      const shown = Object.entries(this.schemas.resolve(schema).properties || {});
      this.fields = shown.map(([name, one]) => {
        const part = this.schemas.resolve(one);
        const isFile = [part, part.items].some((each) => each?.format === "binary");
        return make("input", { name, type: isFile ? "file" : "text", multiple: isFile && part.type === "array", "aria-label": name });
      });
      return [title, make("table", {}, make("tbody", {}, ...this.fields.map((field) =>
        make("tr", {}, make("td", { class: "name" }, make("code", {}, field.name)), make("td", {}, field)))))];
    }
    this.area = make("textarea", { "aria-label": "Request body", spellcheck: "false" });
    const example = this.schemas.example(schema);
    this.area.value = /json/.test(this.mediaType) ? JSON.stringify(example, null, 2) : example ?? "";
    return [title, type, this.area];
  }

  responseRows() {
    const rows = Object.entries(this.operation.responses || {}).map(([status, one]) => {
      const response = this.schemas.resolve(one);
      const types = Object.entries(response.content || {}).map(([media, { schema }]) => `${media}${schema ? `: ${this.schemas.name(schema)}` : ""}`);
      return make("tr", {}, make("td", { class: "name" }, make("code", {}, status)),
        make("td", {}, make("div", { class: "text" }, response.description || ""), make("code", { class: "dim" }, types.join(", "))));
    });
    return [make("h3", {}, "Responses"), make("table", {}, make("tbody", {}, ...rows))];
  }

  request() {
    const headers = new Headers();
    const query = new URLSearchParams();
    let path = this.path;
    for (const [parameter, input] of this.inputs) {
      if (input.value === "" && parameter.in !== "path") continue;
      if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      else if (parameter.in === "query") this.values(parameter, input).forEach((value) => query.append(parameter.name, value));
      else if (parameter.in === "header") headers.set(parameter.name, input.value);
    }
    const search = query.size ? `?${query}` : "";
    const options = { method: this.method.toUpperCase(), headers };
    if (this.area?.value) {
      headers.set("Content-Type", this.mediaType);
      options.body = this.area.value;
    } else if (this.fields) {
      options.body = this.mediaType === "multipart/form-data" ? new FormData() : new URLSearchParams();
      for (const field of this.fields) {
        for (const value of field.type === "file" ? field.files : [field.value]) options.body.append(field.name, value);
      }
    }
    return [this.server.replace(/\/$/, "") + path + search, options];
  }

  /** An array in the query is sent value by value, written with commas. */
  values(parameter, input) {
    const isList = this.schemas.resolve(parameter.schema).type === "array";
    return isList ? input.value.split(",").map((one) => one.trim()) : [input.value];
  }

  async send(result) {
    const [url, options] = this.request();
    result.replaceChildren(make("h3", {}, "Answer"), make("p", { class: "dim" }, `${options.method} ${url} …`));
    const start = performance.now();
    try {
      const response = await fetch(url, options);
      const type = response.headers.get("Content-Type") || "";
      const binary = !/json|text|xml|javascript|urlencoded|^$/.test(type);
      let text = binary ? `${(await response.blob()).size} bytes of ${type}` : await response.text();
      if (/json/.test(type)) { try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* shown as it came */ } }
      const took = Math.round(performance.now() - start);
      const fields = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
      result.replaceChildren(
        make("h3", {}, "Answer"),
        make("p", {}, make("span", { class: `status ${response.ok ? "good" : "bad"}` }, `${response.status} ${response.statusText}`),
          make("span", { class: "dim" }, ` ${options.method} ${url}, ${took} ms`)),
        make("pre", { class: "body" }, text || "(no body)"),
        make("details", {}, make("summary", { class: "dim" }, "Header fields"), make("pre", {}, fields)));
    } catch (error) {
      result.replaceChildren(make("h3", {}, "Answer"), make("p", { class: "bad" }, `No answer to ${options.method} ${url}: ${error.message}`));
    }
  }
}

function show(api, base, main, filter) {
  const schemas = new Schemas(api);
  const server = new URL(api.servers?.[0]?.url || "/", base).href;
  const groups = new Map((api.tags || []).map((tag) => [tag.name, { text: tag.description, operations: [] }]));
  for (const [path, item] of Object.entries(api.paths || {})) {
    for (const method of METHODS.filter((one) => item[one])) {
      for (const tag of item[method].tags?.length ? item[method].tags : [""]) {
        if (!groups.has(tag)) groups.set(tag, { operations: [] });
        groups.get(tag).operations.push(new Operation(schemas, server, path, method, item[method], item.parameters));
      }
    }
  }
  const sections = [...groups].filter(([, group]) => group.operations.length).map(([tag, group]) => {
    const heading = tag || (groups.size > 1 ? "Other" : "");
    const node = make("section", {}, heading ? make("h2", {}, heading) : null,
      group.text ? make("p", { class: "dim text" }, group.text) : null, ...group.operations.map((one) => one.node));
    return { node, operations: group.operations };
  });
  const about = [
    make("p", { class: "dim" }, `Version ${api.info.version}, OpenAPI ${api.openapi}`),
    api.info.description ? make("p", { class: "text" }, api.info.description) : null,
    sections.length ? null : make("p", {}, "The application has no routes to show."),
  ].filter(Boolean);
  main.replaceChildren(...about, ...sections.map((one) => one.node));
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const section of sections) {
      for (const one of section.operations) one.node.hidden = !words.every((word) => one.searched.includes(word));
      section.node.hidden = section.operations.every((one) => one.node.hidden);
    }
  });
  const isNamed = (one) => [one.id, encodeURIComponent(one.id)].includes(location.hash.slice(1));
  const wanted = [...document.querySelectorAll("details.operation")].find(isNamed);
  if (wanted) { wanted.open = true; wanted.scrollIntoView(); }
}

async function start() {
  const main = document.getElementById("operations");
  const url = new URL(document.body.dataset.openapi, document.baseURI);
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    show(await response.json(), url, main, document.getElementById("filter"));
  } catch (error) {
    main.replaceChildren(make("p", { class: "bad" }, `The document at ${url} cannot be shown: ${error.message}`));
  }
}

start();
