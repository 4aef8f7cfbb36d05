// SPDX-License-Identifier: Apache-2.0
// The charts of a sweep's page, on canvases: a hundred thousand points are drawn in one go.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const count = data.numbers.length;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = (value) => {
    if (value === null || value === undefined) return "none";
    return Number.isInteger(value) || Math.abs(value) >= 1e4 ? Math.round(value).toLocaleString("en").replace(/,/g, "\u202f") : value.toPrecision(5);
  };

  // A figure is a key or a metric: its value of a point as a number, and as text. Keys whose values are numbers are spread as numbers are.
  const plain = (text) => /^-?(0x[0-9a-f]+|[0-9.]+)$/i.test(text) ? Number(text) : NaN;
  const figures = [];
  for (const key of data.keys) {
    const values = key.values.map(plain);
    const numeric = values.every((each) => !Number.isNaN(each));
    figures.push({name: key.name, key, of: (point) => numeric ? values[key.points[point]] : key.points[point], text: (point) => key.values[key.points[point]],
      tick: numeric ? number : (value) => key.values[Math.round(value)] ?? ""});
  }
  for (const metric of data.metrics) figures.push({name: metric.name, metric, of: (point) => metric.points[point], text: (point) => number(metric.points[point]), tick: number});
  figures.push({name: "exit code", of: (point) => data.codes[point], text: (point) => String(data.codes[point]), tick: number});
  for (const figure of figures) {
    figure.low = Infinity;
    figure.high = -Infinity;
    for (let point = 0; point < count; ++point) {
      const value = figure.of(point);
      if (value === null || Number.isNaN(value)) continue;
      if (value < figure.low) figure.low = value;
      if (value > figure.high) figure.high = value;
    }
    if (!(figure.low <= figure.high)) { figure.low = 0; figure.high = 1; }
    figure.share = (value) => figure.high === figure.low ? 0.5 : (value - figure.low) / (figure.high - figure.low);
  }

  // From blue over grey to red; readable without telling red from green.
  const shade = (share) => {
    const stops = [[38, 84, 168], [120, 150, 190], [205, 200, 190], [214, 130, 80], [168, 38, 38]];
    const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1), low = Math.min(Math.floor(at), stops.length - 2), part = at - low;
    return `rgb(${stops[low].map((each, i) => Math.round(each + (stops[low + 1][i] - each) * part)).join(",")})`;
  };

  function canvas(id, height) {
    const element = document.getElementById(id), ratio = window.devicePixelRatio || 1;
    const width = Math.max(element.parentElement.clientWidth, 240);
    element.style.width = width + "px";
    element.style.height = height + "px";
    element.width = Math.round(width * ratio);
    element.height = Math.round(height * ratio);
    const pen = element.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = "12px system-ui, sans-serif";
    pen.fillStyle = colour("--text") || "#222";
    pen.strokeStyle = colour("--line") || "#999";
    return {element, pen, width, height};
  }
  function choice(id, label, wanted, chosen, changed) {
    const box = document.createElement("label"), select = document.createElement("select");
    box.textContent = label + " ";
    wanted.forEach((figure) => select.add(new Option(figure.name, String(figures.indexOf(figure)))));
    select.value = String(figures.indexOf(chosen));
    select.addEventListener("change", changed);
    box.append(select);
    document.getElementById(id + "-controls").append(box);
    return () => figures[Number(select.value)];
  }

  let chosen = -1;
  function choose(point) {
    chosen = point;
    const rows = figures.map((figure) => [figure.name, figure.text(point)]), holder = document.getElementById("chosen"), table = document.createElement("table");
    for (const [name, value] of [["point", String(data.numbers[point])], ...rows]) {
      const row = table.insertRow();
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = name;
      row.append(head);
      row.insertCell().textContent = value;
    }
    const report = data.reports[data.numbers[point]], line = document.createElement("p");
    if (report) {
      const link = document.createElement("a");
      link.href = report;
      link.textContent = "its report";
      line.append(link);
    } else {
      const code = document.createElement("code");
      code.textContent = `dspmem sweep point ${data.file} ${data.numbers[point]} --html ${data.numbers[point]}.html`;
      line.append("Its report: ", code);
    }
    holder.replaceChildren(table, line);
    draw();
  }

  // ---- Scatter ----
  const varies = (figure) => figure.high > figure.low;
  const metricFigures = figures.filter((figure) => figure.metric), keyFigures = figures.filter((figure) => figure.key);
  const across = choice("scatter", "across", figures, keyFigures[0] ?? figures[0], draw), up = choice("scatter", "up", figures, metricFigures[0] ?? figures[0], draw),
    hue = choice("scatter", "colour", figures, metricFigures.slice(1).find(varies) ?? metricFigures.find(varies) ?? figures[figures.length - 1], draw);
  const margin = {left: 76, right: 16, top: 12, bottom: 34};
  let places = null;
  function drawScatter() {
    const {pen, width, height} = canvas("scatter", 340), x = across(), y = up(), z = hue();
    const wide = width - margin.left - margin.right, high = height - margin.top - margin.bottom;
    pen.strokeRect(margin.left, margin.top, wide, high);
    for (const share of [0, 0.5, 1]) {
      pen.textAlign = share === 0 ? "left" : share === 1 ? "right" : "center";
      pen.fillText(x.tick(x.low + share * (x.high - x.low)), margin.left + share * wide, height - 16);
      pen.textAlign = "right";
      pen.fillText(y.tick(y.low + share * (y.high - y.low)), margin.left - 4, margin.top + (1 - share) * high + 4);
    }
    pen.textAlign = "center";
    pen.fillText(x.name, margin.left + wide / 2, height - 2);
    places = new Float32Array(2 * count);
    const size = count > 20000 ? 1.5 : count > 2000 ? 2.5 : 4;
    for (let point = 0; point < count; ++point) {
      const a = x.of(point), b = y.of(point);
      const left = a === null || b === null ? NaN : margin.left + 4 + x.share(a) * (wide - 8), top = margin.top + 4 + (1 - y.share(b)) * (high - 8);
      places[2 * point] = left;
      places[2 * point + 1] = top;
      if (Number.isNaN(left)) continue;
      pen.fillStyle = shade(z.share(z.of(point)));
      pen.fillRect(left - size / 2, top - size / 2, size, size);
    }
    if (chosen >= 0) {
      pen.strokeStyle = colour("--text") || "#000";
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(places[2 * chosen], places[2 * chosen + 1], 8, 0, 7);
      pen.stroke();
    }
    document.getElementById("scatter-said").textContent = `${count} points; ${y.name} from ${y.tick(y.low)} to ${y.tick(y.high)}; colour: ${z.name} from ${z.tick(z.low)} (blue) to ${z.tick(z.high)} (red)`;
  }
  const scatter = document.getElementById("scatter");
  scatter.addEventListener("click", (event) => {
    let nearest = -1, least = 30 * 30;
    for (let point = 0; point < count; ++point) {
      const a = places[2 * point] - event.offsetX, b = places[2 * point + 1] - event.offsetY, distance = a * a + b * b;
      if (distance < least) { least = distance; nearest = point; }
    }
    if (nearest >= 0) choose(nearest);
  });
  scatter.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowRight" || event.key === "ArrowDown" ? 1 : event.key === "ArrowLeft" || event.key === "ArrowUp" ? -1 : 0;
    if (!step || !count) return;
    event.preventDefault();
    choose((chosen + step + count) % count);
  });

  // ---- Heat map ----
  const heatX = keyFigures.length ? choice("heat", "across", keyFigures, keyFigures[0], draw) : null, heatY = keyFigures.length ? choice("heat", "up", keyFigures, keyFigures[1] ?? keyFigures[0], draw) : null,
    heatZ = choice("heat", "of", figures.filter((figure) => !figure.key), metricFigures[0] ?? figures[figures.length - 1], draw);
  function drawHeat() {
    const {pen, width, height} = canvas("heat", 300);
    if (!heatX) return;
    const x = heatX(), y = heatY(), z = heatZ();
    const most = 200, columns = Math.min(x.key.values.length, most), rows = Math.min(y.key.values.length, most);
    const sums = new Float64Array(columns * rows), counts = new Float64Array(columns * rows);
    const place = (figure, cells, point) => Math.min(cells - 1, Math.floor(figure.key.points[point] * cells / figure.key.values.length));
    for (let point = 0; point < count; ++point) {
      const value = z.of(point);
      if (value === null) continue;
      const cell = place(y, rows, point) * columns + place(x, columns, point);
      sums[cell] += value;
      ++counts[cell];
    }
    let low = Infinity, high = -Infinity;
    for (let i = 0; i < sums.length; ++i) if (counts[i]) { const mean = sums[i] / counts[i]; low = Math.min(low, mean); high = Math.max(high, mean); }
    const left = 110, wide = width - left - 8, top = 8, tall = height - top - 30;
    for (let row = 0; row < rows; ++row)
      for (let column = 0; column < columns; ++column) {
        const cell = row * columns + column;
        if (!counts[cell]) continue;
        pen.fillStyle = shade(high === low ? 0.5 : (sums[cell] / counts[cell] - low) / (high - low));
        pen.fillRect(left + column * wide / columns, top + (rows - 1 - row) * tall / rows, Math.ceil(wide / columns), Math.ceil(tall / rows));
      }
    pen.fillStyle = colour("--text") || "#222";
    pen.textAlign = "right";
    const every = (cells, room) => Math.max(1, Math.ceil(cells * 16 / room));
    for (let row = 0; row < rows; row += every(rows, tall)) pen.fillText(y.key.values[Math.floor(row * y.key.values.length / rows)].slice(0, 14), left - 6, top + (rows - 0.5 - row) * tall / rows + 4);
    pen.textAlign = "center";
    for (let column = 0; column < columns; column += Math.max(1, Math.ceil(columns * 60 / wide))) pen.fillText(x.key.values[Math.floor(column * x.key.values.length / columns)].slice(0, 10), left + (column + 0.5) * wide / columns, height - 14);
    document.getElementById("heat-said").textContent = low <= high ? `${z.name}: mean from ${number(low)} (blue) to ${number(high)} (red); ${x.name} across, ${y.name} up` : "no figures";
  }

  // ---- Parallel coordinates ----
  function drawParallel() {
    const {pen, width, height} = canvas("parallel", 320), axes = figures.filter((figure) => figure.high > figure.low || figure.metric).slice(0, 12), z = hue();
    if (axes.length < 2) return;
    const left = 40, top = 30, tall = height - 60, step = (width - 2 * left) / (axes.length - 1);
    const most = 5000, every = Math.max(1, Math.ceil(count / most));
    const line = (point) => {
      pen.beginPath();
      let begun = false;
      axes.forEach((axis, i) => {
        const value = axis.of(point);
        if (value === null) return;
        const x = left + i * step, y = top + (1 - axis.share(value)) * tall;
        if (begun) pen.lineTo(x, y); else pen.moveTo(x, y);
        begun = true;
      });
      pen.stroke();
    };
    pen.globalAlpha = count > 500 ? 0.15 : 0.5;
    for (let point = 0; point < count; point += every) {
      pen.strokeStyle = shade(z.share(z.of(point)));
      line(point);
    }
    pen.globalAlpha = 1;
    if (chosen >= 0) {
      pen.strokeStyle = colour("--text") || "#000";
      pen.lineWidth = 3;
      line(chosen);
      pen.lineWidth = 1;
    }
    axes.forEach((axis, i) => {
      const x = left + i * step;
      pen.strokeStyle = colour("--line") || "#999";
      pen.beginPath();
      pen.moveTo(x, top);
      pen.lineTo(x, top + tall);
      pen.stroke();
      pen.textAlign = i === 0 ? "left" : i === axes.length - 1 ? "right" : "center";
      const at = i === 0 ? 2 : i === axes.length - 1 ? width - 2 : x;
      pen.fillText(axis.name.length > 18 ? axis.name.slice(-18) : axis.name, at, i % 2 ? height - 2 : 12);
      pen.fillText(axis.tick(axis.high), at, top - 4);
      pen.fillText(axis.tick(axis.low), at, top + tall + 14);
    });
    document.getElementById("parallel-said").textContent = every > 1 ? `every ${every}th of ${count} points is drawn` : `${count} points`;
  }

  function draw() {
    drawScatter();
    drawHeat();
    drawParallel();
  }
  let waiting = 0;
  window.addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(draw, 100); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
})();
