// Draws what /live sends. Text from anywhere enters the page as text, never as markup.
"use strict";

const maxPoints = 300, maxEvents = 200;
const points = [], events = [];
const $ = id => document.getElementById(id);

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.map(child => child instanceof Node ? child : document.createTextNode(child ?? "")));
  return made;
}

function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const name in attributes) made.setAttribute(name, attributes[name]);
  made.append(...children);
  return made;
}

const number = value => value === null ? "0" : value >= 1e9 ? (value / 1e9).toFixed(2) + " G" : value >= 1e6 ? (value / 1e6).toFixed(2) + " M"
  : value >= 1e4 ? (value / 1e3).toFixed(1) + " k" : value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString("en") : value.toFixed(1);
const bytes = value => value >= 1 << 30 ? (value / (1 << 30)).toFixed(2) + " GiB" : value >= 1 << 20 ? (value / (1 << 20)).toFixed(1) + " MiB"
  : value >= 1024 ? (value / 1024).toFixed(1) + " KiB" : Math.round(value) + " B";
const millis = value => value === null || value === undefined ? "–" : value >= 1000 ? (value / 1000).toFixed(2) + " s" : value >= 100 ? value.toFixed(0) + " ms"
  : value >= 10 ? value.toFixed(1) + " ms" : value >= 1 ? value.toFixed(2) + " ms" : (value * 1000).toFixed(0) + " µs";
const span = seconds => seconds < 0 ? "0 s" : seconds < 60 ? Math.floor(seconds) + " s" : seconds < 3600 ? Math.floor(seconds / 60) + " min " + Math.floor(seconds % 60) + " s"
  : seconds < 86400 ? Math.floor(seconds / 3600) + " h " + Math.floor(seconds % 3600 / 60) + " min" : Math.floor(seconds / 86400) + " d " + Math.floor(seconds % 86400 / 3600) + " h";
const clock = text => new Date(text).toLocaleTimeString("en-GB");
const short = text => text.length > 24 ? text.slice(0, 16) + "…" : text;
const words = name => name.replace(/([a-z])([A-Z])/g, (_, a, b) => a + " " + b.toLowerCase());

function linePath(values, width, height, max) {
  let path = "", pen = false;
  values.forEach((value, index) => {
    if (value === null || value === undefined) { pen = false; return; }
    const x = width - (values.length - 1 - index) * width / (maxPoints - 1), y = height - value / max * height;
    const alone = !pen && (values[index + 1] === null || values[index + 1] === undefined);
    path += (pen ? "L" : "M") + x.toFixed(1) + " " + y.toFixed(1) + (alone ? "h0.1" : "");
    pen = true;
  });
  return path;
}

function areaPath(values, width, height, max) {
  const line = linePath(values.map(value => value ?? 0), width, height, max);
  return line && line + "L" + width + " " + height + "L" + (width - (values.length - 1) * width / (maxPoints - 1)).toFixed(1) + " " + height + "Z";
}

function sparkline(values, color) {
  const max = Math.max(1e-9, ...values.map(value => value ?? 0)) * 1.15;
  return svg("svg", { viewBox: "0 0 300 34", preserveAspectRatio: "none", class: color, "aria-hidden": "true" },
    svg("path", { class: "area", d: areaPath(values, 300, 34, max) }), svg("path", { class: "line", d: linePath(values, 300, 33, max) }));
}

function niceMax(value) {
  const power = 10 ** Math.floor(Math.log10(value)), share = value / power;
  return power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
}

function chart(host, legend, series, format, least) {
  const width = Math.max(240, host.clientWidth || 600), height = window.innerWidth <= 640 ? 160 : 190, left = 58, bottom = 20, top = 8;
  const max = niceMax(Math.max(least, ...series.flatMap(one => one.values.map(value => value ?? 0))));
  const plot = svg("g", { transform: `translate(${left} ${top})` });
  const w = width - left - 4, h = height - bottom - top;
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": series.map(one => one.name).join(", ") });
  for (let step = 0; step <= 4; step++) {
    const y = top + h - h * step / 4;
    drawing.append(svg("line", { class: "rule", x1: left, x2: width - 4, y1: y, y2: y }), svg("text", { class: "tick", x: left - 8, y: y + 4, "text-anchor": "end" }, format(max * step / 4)));
  }
  (width < 480 ? [300, 180, 60, 0] : [300, 240, 180, 120, 60, 0]).forEach(ago => drawing.append(svg("text", {
    class: "tick", x: left + w * (1 - ago / 300), y: height - 4, "text-anchor": ago === 0 ? "end" : ago === 300 ? "start" : "middle",
  }, ago === 0 ? "now" : "−" + ago / 60 + " min")));
  for (const one of series) {
    if (one.area) plot.append(svg("path", { class: "area " + one.color, d: areaPath(one.values, w, h, max) }));
    plot.append(svg("path", { class: "line " + one.color, d: linePath(one.values, w, h, max) }));
  }
  drawing.append(plot);
  host.replaceChildren(drawing);
  legend.replaceChildren(...series.map(one => element("span", one.color, element("i"), one.name + " " + format(one.values.at(-1) ?? null))));
}

function tiles(snapshot) {
  const now = snapshot.point, of = name => points.map(point => point[name]);
  const made = [
    ["Sessions", number(now.sessions), "", `${number(snapshot.sessions.wallet + snapshot.sessions.identity)} known, ${number(snapshot.sessions.anonymous)} anonymous`, of("sessions"), "c1"],
    ["Calls", number(now.calls), "/s", now.failures > 0 ? number(now.failures) + " fail a second" : "none fails", of("calls"), "c1"],
    ["Latency p99", millis(now.p99), "", "p50 " + millis(now.p50) + ", p90 " + millis(now.p90), of("p99"), "c2"],
    ["Handshakes", number(now.handshakes), "/s", `${number(snapshot.handshakes.full)} full, ${number(snapshot.handshakes.resumed)} resumed`, of("handshakes"), "c5"],
    ["Refusals", number(now.refusals), "/s", number(snapshot.refusals.reduce((sum, one) => sum + one.total, 0)) + " in all", of("refusals"), "c3"],
    ["Traffic", bytes(now.bytesIn + now.bytesOut), "/s", "in " + bytes(now.bytesIn) + ", out " + bytes(now.bytesOut), points.map(point => point.bytesIn + point.bytesOut), "c2"],
  ];
  $("tiles").replaceChildren(...made.map(([name, value, unit, note, values, color]) => element("article", "tile",
    element("span", "name", name), element("span", "value", value, element("small", "", unit && " " + unit)), element("span", "note", note), sparkline(values, color))));
}

function bar(label, detail, amount, share, color) {
  const fill = element("div", "fill " + (color ?? ""));
  fill.style.width = Math.min(100, share * 100).toFixed(1) + "%";
  return element("div", "bar", element("span", "label", label, element("small", "", detail)), element("span", "amount", element("b", "", amount)), element("div", "track", fill));
}

function counts(host, list, empty, color) {
  const shown = list.filter(one => one.total > 0).sort((a, b) => b.total - a.total).slice(0, 8), max = shown[0]?.total;
  host.replaceChildren(...shown.length === 0 ? [element("p", "empty", empty)]
    : shown.map(one => bar(words(one.reason), one.rate > 0 ? number(one.rate) + " /s" : "", number(one.total), one.total / max, color)));
}

function row(state, main, side, sub) {
  return element("div", "row " + state, element("span", "dot"), element("span", "main", main), element("span", "side", side), ...(sub ? [element("span", "sub", sub)] : []));
}

function table(host, heads, rows, empty) {
  const body = rows.length === 0 ? [element("tr", "", Object.assign(element("td", "dim", empty), { colSpan: heads.length }))]
    : rows.map(cells => element("tr", "", ...cells.map(([text, className]) => element("td", className ?? "", text))));
  host.replaceChildren(element("thead", "", element("tr", "", ...heads.map(([text, className]) => element("th", className ?? "", text)))), element("tbody", "", ...body));
}

const bundleColors = { Received: "c1", Verifying: "c1", Verified: "c1", Submitted: "c2", Confirmed: "c5", Rejected: "c4" };

function render(snapshot) {
  const silo = snapshot.silo;
  document.title = `${number(snapshot.point.calls)}/s · ${short(silo.network)}`;
  $("network").textContent = short(silo.network);
  $("endpoint").textContent = silo.endpoint + (silo.name ? " · " + silo.name : "");
  $("uptime").textContent = span(snapshot.uptime);
  $("fingerprint").textContent = "fingerprint " + silo.fingerprint + " · version " + silo.version;
  status(silo.unready === null ? "good" : "warn", silo.unready === null ? "ready" : silo.unready);
  tiles(snapshot);
  const of = name => points.map(point => point[name]);
  chart($("calls-chart"), $("calls-legend"), [{ name: "calls", values: of("calls"), color: "c1", area: true }, { name: "failures", values: of("failures"), color: "c4" }, { name: "refusals", values: of("refusals"), color: "c3" }], number, 4);
  chart($("latency-chart"), $("latency-legend"), [{ name: "p99", values: of("p99"), color: "c2", area: true }, { name: "p90", values: of("p90"), color: "c3" }, { name: "p50", values: of("p50"), color: "c1" }], millis, .01);
  $("bundles").replaceChildren(...snapshot.bundles.map(one => element("li", bundleColors[one.status] ?? "", element("div", "name", one.status), element("div", "value", number(one.entered)), element("div", "note", number(one.rate) + " /s"))));
  counts($("refusals"), snapshot.refusals, "Nothing has been refused.", "c3");
  counts($("closes"), snapshot.closes, "No session has ended yet.");
  $("queues").replaceChildren(...snapshot.queues.map(one => {
    const format = one.unit === "By" ? bytes : number, share = one.limit ? one.value / one.limit : 0;
    return bar(one.name, one.limit ? "of " + format(one.limit) : "", format(one.value), share, share > .9 ? "c4" : share > .6 ? "c3" : "c1");
  }));
  const at = Date.parse(snapshot.at);
  $("keys").replaceChildren(...snapshot.keys.map(one => {
    const left = one.until ? (Date.parse(one.until) - at) / 1000 : null;
    return row(left === null ? "good" : left < one.warnBelow ? (left < 0 ? "bad" : "warn") : "good", one.name, one.since ? span((at - Date.parse(one.since)) / 1000) + " old" : "", left === null ? one.note : (left < 0 ? "ended " + span(-left) + " ago" : one.note + " " + span(left)));
  }));
  $("cluster").replaceChildren(...snapshot.cluster.map(one => row(one.status === "Active" ? "good" : one.status === "Dead" ? "bad" : "warn", one.silo + (one.self ? " (this silo)" : ""), one.status, "since " + span((at - Date.parse(one.since)) / 1000) + (one.name ? " · " + one.name : ""))));
  const total = snapshot.grains.reduce((sum, one) => sum + one.count, 0), silos = new Set(snapshot.grains.map(one => one.silo)).size, most = Math.max(1, ...snapshot.grains.map(one => one.count));
  $("grains-total").textContent = total > 0 ? number(total) + " in memory" : "";
  $("grains").replaceChildren(...total === 0 ? [element("p", "empty", "No grain is in memory.")] : [...snapshot.grains].sort((a, b) => b.count - a.count).slice(0, 12).map(one => bar(one.kind, silos > 1 ? one.silo : "", number(one.count), one.count / most, "c2")));
  table($("methods"), [["Method"], ["Calls /s", "n"], ["p50", "n"], ["p99", "n"], ["Running", "n"], ["Calls", "n"], ["Failed", "n"]],
    snapshot.methods.map(one => [[one.name], [number(one.rate), "n"], [millis(one.p50), "n"], [millis(one.p99), "n"], [number(one.running), "n"], [number(one.calls), "n"], [number(one.failures), one.failures > 0 ? "n bad" : "n dim"]]), "No call has been made yet.");
  const list = snapshot.sessions.list;
  $("sessions-note").textContent = snapshot.point.sessions > list.length ? `${list.length} of ${number(snapshot.point.sessions)}` : "";
  table($("sessions"), [["Session"], ["Peer"], ["Client"], ["Proved"], ["Age", "n"], ["Requests", "n"], ["Running", "n"], ["Streams", "n"], ["Queued", "n"], ["Round trip", "n"], ["In / out", "n"]],
    list.map(one => [[one.id, "mono"], [one.peer, "mono"], [one.client ? one.client.slice(0, 12) + "…" : "–", "mono"],
      [element("span", "", element("span", "tag " + (one.level === "Wallet" ? "good" : one.level === "Session" ? "c1" : ""), one.level === "Session" ? "identity" : one.level === "None" ? "nothing" : "wallet"), ...one.roles.map(role => element("span", "tag c2", role.toLowerCase())), ...(one.resumed ? [element("span", "tag", "resumed")] : []))],
      [span(one.age), "n"], [number(one.requests), "n"], [number(one.running) + (one.waiting ? " + " + number(one.waiting) : ""), "n"], [number(one.streams), "n"], [bytes(one.held), "n"], [millis(one.roundTrip), "n"], [bytes(one.bytesIn) + " / " + bytes(one.bytesOut), "n"]]), "No session is open.");
}

function renderEvents() {
  const only = $("only-warnings").checked, shown = events.filter(one => !only || one.level !== "Information");
  $("events").replaceChildren(...shown.length === 0 ? [element("p", "empty", "Nothing yet.")]
    : shown.map(one => element("li", one.level === "Warning" ? "warn" : one.level === "Information" ? "" : "bad", element("time", "", clock(one.at)), element("span", "id", String(one.id)), element("span", "text", one.text))));
}

function status(state, text) {
  $("status").className = "pill " + state;
  $("status").textContent = text;
}

function connect() {
  const live = new EventSource("live");
  live.addEventListener("hello", message => {
    const hello = JSON.parse(message.data);
    $("orleans").hidden = !hello.orleans;
    points.splice(0, points.length, ...hello.history.slice(-maxPoints));
    events.splice(0, events.length, ...hello.events);
    renderEvents();
  });
  live.addEventListener("snapshot", message => {
    const snapshot = JSON.parse(message.data);
    points.push(snapshot.point);
    if (points.length > maxPoints) points.shift();
    render(snapshot);
  });
  live.addEventListener("log", message => {
    events.unshift(JSON.parse(message.data));
    events.length = Math.min(events.length, maxEvents);
    renderEvents();
  });
  live.onerror = () => status("bad", "no answer");
}

const themes = ["light", "dark"];
function theme(name) {
  if (themes.includes(name)) document.documentElement.dataset.theme = name;
}
try { theme(localStorage.getItem("theme")); } catch { /* storage is closed to this page */ }
$("theme").addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme === "dark" || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  theme(dark ? "light" : "dark");
  try { localStorage.setItem("theme", dark ? "light" : "dark"); } catch { /* as above */ }
});
$("only-warnings").addEventListener("change", renderEvents);
connect();
