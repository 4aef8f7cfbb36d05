// SPDX-License-Identifier: Apache-2.0
// Draws what the page's data says: one object for each run, in the order of the articles. Everything that is drawn is in a table, too.
"use strict";
(() => {
  const runs = JSON.parse(document.getElementById("data").textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const svgSpace = "http://www.w3.org/2000/svg";
  const make = (tag, attributes, parent, text) => {
    const element = document.createElementNS(svgSpace, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    if (parent) parent.appendChild(element);
    return element;
  };
  const time = (run, cycle) => {
    const microseconds = cycle / run.clock_mhz;
    return microseconds >= 10000 ? (microseconds / 1000).toFixed(1) + " ms" : microseconds.toFixed(1) + " us";
  };
  const bytes = (count) => (count >= 10240 ? (count / 1024).toFixed(1) + " KiB" : count + " B");
  const hex = (address) => "0x" + address.toString(16).padStart(8, "0");

  /// Rows of coloured spans over a common axis. `rows`: {name, spans: [{begin, end, fill, title}]}.
  const drawRows = (place, rows, length, label, format) => {
    const left = 160, top = 6, rowHeight = rows.length > 40 ? 8 : 20, width = Math.max(place.clientWidth || 800, 480), scale = (width - left - 20) / Math.max(length, 1);
    const height = top + rows.length * rowHeight + 24;
    const svg = make("svg", {width, height, role: "img", "aria-label": label}, place);
    rows.forEach((row, index) => {
      const y = top + index * rowHeight;
      if (rowHeight >= 20 || index % 4 === 0) make("text", {x: left - 6, y: y + Math.min(rowHeight, 16) - 2, "text-anchor": "end"}, svg, row.name.length > 22 ? row.name.slice(0, 21) + "…" : row.name);
      let drawnTo = -1, drawnAs = "";  // what lies within a pixel of the same colour is not drawn again
      for (const span of row.spans) {
        if (span.fill === drawnAs && span.end * scale < drawnTo) continue;
        drawnTo = Math.max(span.end * scale, span.begin * scale + 0.75);
        drawnAs = span.fill;
        const box = make("rect", {x: left + span.begin * scale, y: y + 1, width: Math.max((span.end - span.begin) * scale, 1.5), height: rowHeight - 2, fill: span.fill}, svg);
        make("title", {}, box, span.title);
      }
    });
    const ticks = 5;
    for (let tick = 0; tick <= ticks; ++tick) {
      const x = left + ((width - left - 20) * tick) / ticks;
      make("line", {x1: x, x2: x, y1: 0, y2: height - 18, class: "axis"}, svg);
      make("text", {x, y: height - 4, "text-anchor": tick === 0 ? "start" : tick === ticks ? "end" : "middle"}, svg, format((length * tick) / ticks));
    }
  };

  const charts = {
    zones(run, place) {
      const zones = run.history.zones;
      const times = [...new Set(zones.flatMap((zone) => zone.cycles).concat([0, run.cycles]))].sort((a, b) => a - b);
      const series = zones.map((zone) => {
        let at = 0, value = 0;
        return times.map((cycle) => {
          while (at < zone.cycles.length && zone.cycles[at] <= cycle) value = zone.values[at++];
          return value;
        });
      });
      if (!window.uPlot) {
        place.textContent = "This dspmem was built without its charting library; the table has the figures.";
        return;
      }
      const stepped = uPlot.paths.stepped({align: 1});
      const axis = {stroke: colour("text"), grid: {stroke: colour("line")}, ticks: {stroke: colour("line")}};
      const chart = new uPlot({
        width: Math.max(place.clientWidth || 800, 320), height: 280, scales: {x: {time: false}},
        axes: [{...axis, space: 90, values: (_, values) => values.map((value) => time(run, value * run.clock_mhz))}, {...axis, size: 80, values: (_, values) => values.map(bytes)}],
        series: [{label: "time", value: (_, value) => (value === null ? "" : time(run, value * run.clock_mhz))},
          ...zones.map((zone, index) => ({label: zone.name, stroke: colour("c" + ((index % 6) + 1)), width: 2, paths: stepped, value: (_, value) => (value === null ? "" : bytes(value))}))],
      }, [times.map((cycle) => cycle / run.clock_mhz), ...series], place);
      window.addEventListener("resize", () => chart.setSize({width: Math.max(place.clientWidth, 320), height: 280}));
    },
    banks(run, place) {
      drawRows(place, run.history.banks.map((bank) => ({
        name: bank.name,
        spans: bank.spans.map((span) => ({...span, fill: `var(--${span.what})`, title: `${bank.name}: ${span.what} from ${time(run, span.begin)} to ${time(run, span.end)}`})),
      })), run.cycles, "State of each memory bank over time", (cycle) => time(run, cycle));
    },
    cores(run, place) {
      const kinds = [...new Set(run.history.cores.flatMap((core) => core.spans.map((span) => span.what)))];
      const legend = document.createElement("div");
      legend.className = "legend";
      kinds.slice(0, 6).forEach((kind, index) => {
        const entry = document.createElement("span");
        entry.style.setProperty("--swatch", `var(--c${index + 1})`);
        entry.textContent = kind + (kinds.length > 6 && index === 5 ? " and others" : "");
        legend.appendChild(entry);
      });
      place.appendChild(legend);
      drawRows(place, run.history.cores.map((core) => ({
        name: core.name,
        spans: core.spans.map((span) => ({...span, fill: `var(--c${Math.min(kinds.indexOf(span.what), 5) + 1})`, title: `${core.name}: ${span.what} from ${time(run, span.begin)} to ${time(run, span.end)}, ${span.where}`})),
      })), run.cycles, "Steps of each core over time", (cycle) => time(run, cycle));
    },
    memory(run, place) {
      const longest = Math.max(...run.history.regions.map((region) => region.bytes));
      drawRows(place, run.history.regions.map((region) => ({
        name: region.name,
        spans: [{begin: 0, end: region.bytes, fill: "var(--off)", title: `${region.name}: ${hex(region.base)}, ${bytes(region.bytes)}`}].concat(
          run.history.blocks.filter((block) => block.base >= region.base && block.base < region.base + region.bytes).map((block) => ({
            begin: block.base - region.base, end: block.base - region.base + block.bytes, fill: "var(--c1)", title: `${block.name || "block"}: ${hex(block.base)}, ${bytes(block.bytes)}, ${block.where}`,
          }))),
      })), longest, "Live blocks in each region of memory", bytes);
    },
  };

  const drawn = new Set();
  const draw = (figure) => {
    if (drawn.has(figure)) return;
    drawn.add(figure);
    charts[figure.dataset.chart](runs[Number(figure.dataset.run)], figure.querySelector(".drawing"));
    figure.dataset.drawn = "yes";
  };
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
  }, {rootMargin: "400px"});
  // The first ones at once; a page of many runs draws the others when they come into view.
  const atOnce = 8;
  document.querySelectorAll("figure[data-chart]").forEach((figure, index) => (index < atOnce ? draw(figure) : observer.observe(figure)));
  window.addEventListener("beforeprint", () => document.querySelectorAll("figure[data-chart]").forEach(draw));

  // A link to a finding opens it.
  const follow = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let element = target; element; element = element.parentElement) if (element.tagName === "DETAILS") element.open = true;
    target.scrollIntoView();
  };
  window.addEventListener("hashchange", follow);
  follow();
})();
