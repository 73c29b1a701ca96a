// Shows data.json, and asks for it again every two seconds. Text goes in as text, never as markup.
const INTERVAL = 2000;
const PHASES = {
  parse: "reading the head",
  server: "filters, routing, reading the body",
  middleware: "around the handler",
  handler: "handler, with all it waits for",
  serialise: "turning the result into bytes",
};
const $ = (id) => document.getElementById(id);
let paused = false;
let last = null;
let sort = { key: "share", descending: true };

function element(tag, options = {}, ...children) {
  const made = Object.assign(document.createElement(tag), options);
  made.append(...children);
  return made;
}

function ms(value) {
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const whole = (value) => value.toLocaleString("en");
const clock = (at) => new Date(at * 1000).toLocaleTimeString();

function span(seconds) {
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = Math.max(0, units.findIndex(([, size]) => seconds >= size));
  return units.slice(first < 0 ? 3 : first, first + 2)
    .map(([unit, size], index) => `${Math.floor(index ? (seconds % units[first][1]) / size : seconds / size)} ${unit}`)
    .join(" ");
}

function split(phases) {
  const total = Object.values(phases).reduce((sum, value) => sum + value, 0) || 1;
  const bar = element("div", { className: "split", role: "img" });
  const said = [];
  for (const [name, value] of Object.entries(phases)) {
    const part = element("i", { className: name });
    part.style.width = `${(100 * value) / total}%`;
    bar.append(part);
    said.push(`${name} ${ms(value)}`);
  }
  bar.title = said.join("\n");
  bar.ariaLabel = said.join(", ");
  return bar;
}

function route(method, path) {
  return [element("span", { className: "method" }, method ?? "–"), element("code", {}, path ?? "outside of requests")];
}

function table(id, columns, rows, empty, sortable) {
  const head = element("tr");
  for (const [title, , options = {}] of columns) {
    const cell = element("th", { scope: "col", className: options.text ? "text" : "" });
    if (sortable && options.key) {
      const button = element("button", { type: "button", title: `Sort by ${title}` }, title);
      button.onclick = () => {
        sort = { key: options.key, descending: sort.key === options.key ? !sort.descending : !options.text };
        show(last);
      };
      if (sort.key === options.key) cell.ariaSort = sort.descending ? "descending" : "ascending";
      cell.append(button);
    } else cell.append(title);
    head.append(cell);
  }
  const body = rows.map((row) => {
    const line = element("tr");
    for (const [, make, options = {}] of columns) {
      const cell = element("td", { className: `${options.text ? "text" : ""} ${options.long ? "long" : ""}` });
      const made = make(row);
      if (options.bad?.(row)) cell.classList.add("failed");
      if (options.long) cell.title = options.long(row);
      cell.append(...(Array.isArray(made) ? made : [made]));
      line.append(cell);
    }
    return line;
  });
  if (!body.length) body.push(element("tr", {}, element("td", { className: "empty", colSpan: columns.length }, empty)));
  const focused = document.activeElement?.closest?.(`#${id} thead button`)?.title;
  $(id).tHead.replaceChildren(head);
  $(id).tBodies[0].replaceChildren(...body);
  if (focused) [...$(id).querySelectorAll("thead button")].find((one) => one.title === focused)?.focus();
}

function tile(value, name, bad = false) {
  return element("div", { className: bad ? "tile bad" : "tile" }, element("b", {}, value), element("span", {}, name));
}

function showTiles(data) {
  const recent = data.seconds.filter((one) => one.at < Math.floor(data.now) && one.at >= Math.floor(data.now) - 10);
  const rate = recent.reduce((sum, one) => sum + one.count, 0) / Math.max(1, Math.min(10, data.now - data.began));
  const tiles = [
    tile(whole(data.all.count), "requests"),
    tile(rate.toFixed(rate < 10 ? 1 : 0), "per second"),
    tile(whole(data.all.failed), "failed (5xx)", data.all.failed > 0),
    tile(whole(data.all.refused), "refused (4xx)"),
    tile(ms(data.all.p50), "median, ms"),
    tile(ms(data.all.p95), "95th percentile"),
    tile(ms(data.all.p99), "99th percentile"),
  ];
  if (data.blocked) tiles.push(tile(whole(data.blocked.count), `loop blocked > ${data.blocked.threshold} ms`, data.blocked.count > 0));
  $("tiles").replaceChildren(...tiles);
}

function showTraffic(data) {
  const now = Math.floor(data.now);
  const most = Math.max(1, ...data.seconds.map((one) => one.count));
  const bars = [];
  const bar = (className, at, from, count) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const height = (28 * count) / most;
    for (const [name, value] of Object.entries({ class: className, x: 119 - (now - at) + 0.1, y: 30 - (28 * from) / most - height, width: 0.8, height }))
      made.setAttribute(name, value);
    return made;
  };
  for (const one of data.seconds) {
    bars.push(bar("count", one.at, one.failed, one.count - one.failed));
    if (one.failed) bars.push(bar("failed", one.at, 0, one.failed));
  }
  $("traffic").replaceChildren(...bars);
  $("scale").replaceChildren(element("span", {}, "two minutes ago"), element("span", {}, `at most ${whole(most)} in a second`), element("span", {}, "now"));
}

function showRoutes(data) {
  const all = data.routes.reduce((sum, one) => sum + one.count * one.mean, 0) || 1;
  const rows = data.routes.map((one) => ({ ...one, share: (one.count * one.mean) / all }));
  rows.sort((a, b) => (a[sort.key] < b[sort.key] ? -1 : a[sort.key] > b[sort.key] ? 1 : 0) * (sort.descending ? -1 : 1));
  table("routes", [
    ["Route", (one) => route(one.method, one.route), { text: true, key: "route" }],
    ["Requests", (one) => whole(one.count), { key: "count" }],
    ["4xx", (one) => whole(one.refused), { key: "refused" }],
    ["5xx", (one) => whole(one.failed), { key: "failed", bad: (one) => one.failed > 0 }],
    ["p50", (one) => ms(one.p50), { key: "p50" }],
    ["p95", (one) => ms(one.p95), { key: "p95" }],
    ["p99", (one) => ms(one.p99), { key: "p99" }],
    ["Longest", (one) => ms(one.max), { key: "max" }],
    ["Of all time", (one) => `${(100 * one.share).toFixed(1)} %`, { key: "share" }],
    ["Where it goes", (one) => split(one.phases), { text: true }],
  ], rows, "No request yet. Make one, and it shows here.", true);
}

function showLists(data) {
  table("slowest", [
    ["When", (one) => clock(one.at), { text: true }],
    ["Request", (one) => route(one.method, one.path), { text: true, long: (one) => `${one.method} ${one.path}` }],
    ["Route", (one) => element("code", {}, one.route ?? "none"), { text: true }],
    ["Status", (one) => String(one.status), { bad: (one) => one.status >= 500 }],
    ["Took", (one) => ms(one.total)],
    ["Where it went", (one) => split(one.phases), { text: true }],
  ], data.slowest, "No request yet.");
  $("blocked-section").hidden = !data.blocked?.recent.length;
  if (data.blocked) table("blocked", [
    ["When", (one) => clock(one.at), { text: true }],
    ["Request", (one) => route(one.method, one.path), { text: true, long: (one) => `${one.method} ${one.path}` }],
    ["For", (one) => ms(one.total)],
    ["Where", (one) => element("code", {}, one.place), { text: true, long: (one) => one.place }],
    ["Line", (one) => element("code", {}, one.code), { text: true, long: (one) => one.code }],
  ], data.blocked.recent, "Nothing.");
}

function show(data) {
  last = data;
  document.title = `${data.title}: profile`;
  $("title").textContent = `${data.title} ${data.version}`;
  $("about").textContent = `process ${data.pid}, measured for ${span(data.now - data.began)}${data.development ? ", development mode" : ""}, Areion ${data.areion}`;
  showTiles(data);
  showTraffic(data);
  showRoutes(data);
  showLists(data);
}

async function refresh() {
  if (!paused && !document.hidden) {
    try {
      const response = await fetch("data.json", { cache: "no-store" });
      if (!response.ok) throw new Error(`the server answers ${response.status}`);
      show(await response.json());
      $("trouble").textContent = "";
    } catch (error) {
      $("trouble").textContent = `No new numbers: ${error.message}`;
    }
  }
  setTimeout(refresh, INTERVAL);
}

$("legend").append(...Object.entries(PHASES).map(([name, said]) => element("span", {}, element("i", { className: name }), `${name}: ${said}`)));
$("pause").onclick = () => {
  paused = !paused;
  $("pause").ariaPressed = String(paused);
  $("pause").textContent = paused ? "Go on" : "Pause";
};
refresh();
