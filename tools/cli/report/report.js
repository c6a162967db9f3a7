// SPDX-License-Identifier: MIT
// The page of alcm report: a map of all files, a table that draws only the rows that are seen, and one
// file's detail. Texts go into the page as text nodes only, never as markup.
(function () {
	"use strict";

	const SVG = "http://www.w3.org/2000/svg";
	const ROW = 32; // pixels, as in the style
	const ALL_ROWS = 300; // so few are drawn at once
	const SMALL_SHARE = 1e-3; // of a tensor's bytes
	const $ = (id) => document.getElementById(id);

	// ---- the data -----------------------------------------------------------------------------

	// The compressed files of alcm report --json, deflated.
	async function load() {
		const packed = Uint8Array.from(atob($("data").textContent), (c) => c.charCodeAt(0));
		return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
	}

	// Names may be any characters: those that nobody would see are spelled out.
	const visible = (text) => text.replace(/[\0-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, (c) => {
		const code = c.charCodeAt(0).toString(16);
		return c < "\u0100" ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
	});

	const dims = (shape) => shape.join(" × ") || "scalar";

	// A row of the table. Its detail is what the JSON has; several files that are one row have none.
	function rowOf(f, index) {
		const path = visible(f.path);
		return {
			index, path, dir: path.slice(0, path.lastIndexOf("/") + 1), files: f.files,
			type: f.format ? visible(f.type) : "several", profile: f.format ? f.profile : "several",
			shape: f.shape ? dims(f.shape) : f.tensor_count ? `${f.tensor_count} tensors` : "",
			logical: f.logical_bytes, stored: f.stored_bytes, saved: f.saved_bytes, ratio: f.ratio,
			cpu: f.cpu_seconds, speed: f.cpu_seconds > 0 ? f.mb_per_s : null, caq: f.caq,
			perGib: f.logical_bytes ? f.cpu_seconds / (f.logical_bytes / 2 ** 30) : null,
			bits: f.format ? f.bits_per_value : null, lossy: f.lossy_files > 0,
			detail: f.format ? f : null,
		};
	}

	// ---- words and numbers ---------------------------------------------------------------------

	function bytes(n) {
		const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
		let unit = 0, v = Math.abs(n);
		for (; v >= 1024 && unit + 1 < units.length; unit++)
			v /= 1024;
		return (n < 0 ? "-" : "") + v.toFixed(unit ? 1 : 0) + " " + units[unit];
	}

	const short = (v, digits = 3) => v === null || !isFinite(v) ? "–"
		: v !== 0 && (Math.abs(v) >= 1e5 || Math.abs(v) < 1e-3) ? v.toExponential(digits - 1)
			: String(Number(v.toPrecision(digits)));
	const fixed = (v, digits) => v === null || !isFinite(v) ? "–" : v.toFixed(digits);
	const power = (v) => "2" + String(Math.round(v)).replace(/./g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
	const percent = (v) => v === null ? "–" : (100 * v).toFixed(1) + " %";

	// ---- elements ------------------------------------------------------------------------------

	function fill(e, attributes, children) {
		for (const [key, value] of Object.entries(attributes || {})) {
			if (key.startsWith("on"))
				e.addEventListener(key.slice(2), value);
			else if (value !== null && value !== false)
				e.setAttribute(key, value);
		}
		e.append(...children.flat().filter((c) => c !== null && c !== undefined));
		return e;
	}
	const h = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
	const s = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

	// ---- marks: a colour and a shape for each element type, the most frequent first ----------------

	const SHAPES = [
		(r) => `M${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0Z`, // circle
		(r) => `M${-r * .9},${-r * .9}h${r * 1.8}v${r * 1.8}h${-r * 1.8}Z`, // square
		(r) => `M0,${-r * 1.15}L${r * 1.1},${r * .8}H${-r * 1.1}Z`, // triangle
		(r) => `M0,${-r * 1.3}L${r * 1.1},0L0,${r * 1.3}L${-r * 1.1},0Z`, // diamond
		(r) => `M${-r * .4},${-r * 1.1}h${r * .8}v${r * .7}h${r * .7}v${r * .8}h${-r * .7}v${r * .7}h${-r * .8}v${-r * .7}h${-r * .7}v${-r * .8}h${r * .7}Z`, // plus
		(r) => `M0,${r * 1.15}L${r * 1.1},${-r * .8}H${-r * 1.1}Z`, // triangle upside down
		(r) => `M${-r * 1.2},0L${-r * .6},${-r}H${r * .6}L${r * 1.2},0L${r * .6},${r}H${-r * .6}Z`, // hexagon
		(r) => `M${-r * 1.2},${-r * .5}h${r * 2.4}v${r}h${-r * 2.4}Z`, // bar
	];
	let typeOrder = [];
	// Eight shapes and eight colours: the ninth type has the first shape in the second colour.
	function markOf(type) {
		const k = Math.max(typeOrder.indexOf(type), 0);
		return { shape: SHAPES[k % 8], colour: `c${(k + Math.floor(k / 8)) % 8}` };
	}

	// ---- axes ------------------------------------------------------------------------------------

	// Logarithmic when the values differ by much, else linear; both with round ticks.
	function scale(values, from, to, mayStartAt) {
		let low = Math.min(...extent(values)), high = Math.max(...extent(values));
		if (!(high > low)) {
			low = low * .9 || 0;
			high = high * 1.1 || 1;
		}
		const log = low > 0 && high / low > 6;
		const f = log ? Math.log : (v) => v;
		const pad = (f(high) - f(low)) * .05;
		const a = f(low) - pad, b = f(high) + pad;
		const place = (v) => from + (to - from) * (f(v) - a) / (b - a);
		const ticks = log ? logTicks(Math.exp(a), Math.exp(b)) : linearTicks(a, b);
		return { place, ticks: ticks.filter((t) => (!log || t > 0) && f(t) >= a && f(t) <= b), log };
	}

	const extent = (values) => values.reduce((e, v) => [Math.min(e[0], v), Math.max(e[1], v)],
		[Infinity, -Infinity]);

	function linearTicks(low, high) {
		const rough = (high - low) / 6, power = 10 ** Math.floor(Math.log10(rough));
		const step = [1, 2, 5, 10].map((m) => m * power).find((m) => m >= rough);
		const ticks = [];
		for (let k = Math.ceil(low / step); k * step <= high; k++)
			ticks.push(Number((k * step).toPrecision(12)));
		return ticks;
	}

	function logTicks(low, high) {
		const steps = high / low > 1e4 ? [1] : high / low > 300 ? [1, 3] : [1, 2, 5], ticks = [];
		for (let p = Math.floor(Math.log10(low)); p <= Math.ceil(Math.log10(high)); p++)
			for (const m of steps)
				ticks.push(Number((m * 10 ** p).toPrecision(12)));
		return ticks;
	}

	// ---- the map ---------------------------------------------------------------------------------

	const MAP = { width: 960, height: 430, left: 56, right: 944, top: 14, bottom: 384 };
	let dots = [], tip = null, current = -1;

	function drawMap(files) {
		const shown = files.filter((f) => f.cpu > 0 && f.logical);
		const chart = $("chart");
		chart.replaceChildren();
		dots = [];
		current = -1;
		if (!shown.length) {
			chart.append(h("p", { class: "note" }, "No file to show."));
			return;
		}
		const x = scale(shown.map((f) => f.perGib), MAP.left, MAP.right);
		const y = scale(shown.map((f) => f.ratio), MAP.bottom, MAP.top);
		const largest = Math.max(extent(shown.map((f) => f.logical))[1], 1);
		const svg = s("svg", { viewBox: `0 0 ${MAP.width} ${MAP.height}`, role: "group",
			"aria-labelledby": "map-svg-title map-svg-desc" },
		s("title", { id: "map-svg-title" }, "Ratio against CPU seconds per GiB"),
		s("desc", { id: "map-svg-desc" }, `${shown.length} files; every figure is in the table below. `
			+ "Arrow keys go from mark to mark, Enter leads to the file."),
		axes(x, y));
		// Small ones last, so that large ones don't hide them.
		for (const f of [...shown].sort((a, b) => b.logical - a.logical)) {
			const r = 3 + 6 * Math.sqrt(f.logical / largest);
			const mark = markOf(f.type);
			dots.push(s("path", { class: `dot ${mark.colour}`, d: mark.shape(r), "data-index": f.index,
				transform: `translate(${x.place(f.perGib).toFixed(1)},${y.place(f.ratio).toFixed(1)})`,
				role: "button", tabindex: "-1", "aria-label": tipText(f) }));
		}
		// Keys go from left to right.
		svg.append(...dots);
		dots.sort((a, b) => rows[a.dataset.index].perGib - rows[b.dataset.index].perGib);
		dots[0].setAttribute("tabindex", "0");
		tip = h("div", { class: "tip", hidden: "" });
		chart.append(svg, tip);
		svg.addEventListener("click", (e) => pick(e.target));
		svg.addEventListener("keydown", mapKey);
		svg.addEventListener("mouseover", (e) => showTip(e.target));
		svg.addEventListener("focusin", (e) => showTip(e.target));
		svg.addEventListener("mouseout", () => { tip.hidden = true; });
		svg.addEventListener("focusout", () => { tip.hidden = true; });
	}

	function axes(x, y) {
		const { left, right, top, bottom, height } = MAP;
		return [
			...y.ticks.map((t) => [
				s("line", { class: "grid", x1: left, x2: right, y1: y.place(t), y2: y.place(t) }),
				s("text", { x: left - 8, y: y.place(t) + 4, "text-anchor": "end" }, short(t))]).flat(),
			...x.ticks.map((t) => [
				s("line", { class: "grid", x1: x.place(t), x2: x.place(t), y1: top, y2: bottom }),
				s("text", { x: x.place(t), y: bottom + 18, "text-anchor": "middle" }, short(t))]).flat(),
			s("text", { class: "strong", x: (left + right) / 2, y: height - 6, "text-anchor": "middle" },
				`CPU seconds per GiB${x.log ? " (logarithmic)" : ""}`),
			s("text", { class: "strong", x: 14, y: (top + bottom) / 2, "text-anchor": "middle",
				transform: `rotate(-90 14 ${(top + bottom) / 2})` }, `Ratio${y.log ? " (logarithmic)" : ""}`),
		];
	}

	const tipText = (f) => `${f.path}${f.files > 1 ? ` (${f.files} files)` : ""}: ${f.type}, ${bytes(f.logical)}, `
		+ `${f.ratio.toFixed(3)} : 1, ${short(f.perGib)} CPU seconds per GiB`;

	function showTip(dot) {
		if (!dot.dataset || dot.dataset.index === undefined)
			return;
		const box = $("chart").getBoundingClientRect(), at = dot.getBoundingClientRect();
		tip.textContent = tipText(rows[dot.dataset.index]);
		tip.hidden = false;
		tip.style.top = `${at.bottom - box.top + 6}px`;
		tip.style.left = `${Math.max(0, Math.min(at.left - box.left, box.width - tip.offsetWidth - 8))}px`;
	}

	function mapKey(e) {
		const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[e.key];
		const at = dots.indexOf(e.target);
		if (e.key === "Enter" || e.key === " ") {
			e.preventDefault();
			pick(e.target);
		} else if (at >= 0 && (step || e.key === "Home" || e.key === "End")) {
			e.preventDefault();
			const to = e.key === "Home" ? 0 : e.key === "End" ? dots.length - 1
				: Math.min(Math.max(at + step, 0), dots.length - 1);
			dots[at].setAttribute("tabindex", "-1");
			dots[to].setAttribute("tabindex", "0");
			dots[to].focus();
		}
	}

	function pick(dot) {
		if (dot.dataset && dot.dataset.index !== undefined)
			select(Number(dot.dataset.index), true);
	}

	function drawLegend() {
		$("legend").replaceChildren(...typeOrder.map((type) => h("li", {},
			s("svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" },
				s("path", { class: markOf(type).colour, d: markOf(type).shape(6) })),
			`${type || "bytes"} (${rows.filter((f) => f.type === type).length})`)));
	}

	// ---- the table ---------------------------------------------------------------------------------

	const COLUMNS = [
		{ key: "path", name: "File", text: true },
		{ key: "type", name: "Type", text: true },
		{ key: "shape", name: "Shape", text: true },
		{ key: "logical", name: "Logical", show: (f) => bytes(f.logical) },
		{ key: "stored", name: "Stored", show: (f) => bytes(f.stored) },
		{ key: "ratio", name: "Ratio", show: (f) => f.ratio.toFixed(3) },
		{ key: "saved", name: "Saved", show: (f) => bytes(f.saved) },
		{ key: "bits", name: "Bits/value", show: (f) => fixed(f.bits, 2) },
		{ key: "cpu", name: "CPU s", show: (f) => short(f.cpu) },
		{ key: "speed", name: "MB/s per core", show: (f) => fixed(f.speed, 0) },
		{ key: "caq", name: "CAQ", show: (f) => f.caq.toFixed(3) },
		{ key: "profile", name: "Profile", text: true },
	];
	let rows = [], view = [], order = { key: "saved", down: true }, selected = -1;
	let scroller, tbody, tfoot, headers;

	function makeTable() {
		headers = COLUMNS.map((c) => h("th", { scope: "col", class: c.text ? "t" : "n" },
			h("button", { type: "button", onclick: () => sortBy(c.key) }, c.name)));
		tbody = h("tbody");
		tfoot = h("tfoot");
		scroller = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of files" },
			h("table", {}, h("thead", {}, h("tr", {}, headers)), tbody, tfoot));
		$("table").replaceChildren(scroller);
		scroller.addEventListener("scroll", drawRows);
		window.addEventListener("resize", drawRows);
		tbody.addEventListener("click", (e) => {
			const tr = e.target.closest("tr[data-index]");
			if (tr)
				select(Number(tr.dataset.index), false);
		});
	}

	function sortBy(key) {
		order = { key, down: order.key === key ? !order.down : !COLUMNS.find((c) => c.key === key).text };
		update();
	}

	// Unknown ones come last either way.
	function compare(a, b) {
		const x = a[order.key], y = b[order.key];
		if (x === null || y === null)
			return (x === null) - (y === null) || a.index - b.index;
		const difference = typeof x === "string" ? (x < y ? -1 : x > y ? 1 : 0) : x - y;
		return (order.down ? -difference : difference) || a.index - b.index;
	}

	function matches(f) {
		const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
		const path = f.path.toLowerCase();
		return words.every((w) => path.includes(w))
			&& (!$("type").value || f.type === $("type").value.slice(1))
			&& (!$("profile").value || f.profile === $("profile").value.slice(1))
			&& (!$("directory").value || f.path.startsWith($("directory").value));
	}

	function update() {
		view = rows.filter(matches).sort(compare);
		headers.forEach((th, i) => th.setAttribute("aria-sort", COLUMNS[i].key !== order.key ? "none"
			: order.down ? "descending" : "ascending"));
		const files = view.reduce((n, f) => n + f.files, 0), all = rows.reduce((n, f) => n + f.files, 0);
		$("count").textContent = files === all ? `${all} files` : `${files} of ${all} files`;
		drawTotal(files);
		scroller.firstChild.setAttribute("aria-rowcount", view.length + 2);
		drawn = null;
		drawRows();
	}

	// Sums as everywhere: total ratio, and CAQ = total ratio / (total CPU seconds + 1).
	function drawTotal(files) {
		const sum = (key) => view.reduce((t, f) => t + f[key], 0);
		const t = { logical: sum("logical"), stored: sum("stored"), cpu: sum("cpu"), bits: null };
		t.ratio = t.stored ? t.logical / t.stored : 1;
		t.saved = t.logical - t.stored;
		t.speed = t.cpu > 0 ? t.logical / 1e6 / t.cpu : null;
		t.caq = t.ratio / (t.cpu + 1);
		tfoot.replaceChildren(h("tr", {}, COLUMNS.map((c, i) => h("td", { class: c.text ? "t" : "n" },
			i === 0 ? `All ${files}` : c.show ? c.show(t) : ""))));
	}

	let drawn = null; // the range of rows that is in the page

	function drawRows() {
		const all = view.length <= ALL_ROWS || printing;
		const first = all ? 0 : Math.max(0, Math.floor(scroller.scrollTop / ROW) - 10);
		const last = all ? view.length
			: Math.min(view.length, first + Math.ceil(scroller.clientHeight / ROW) + 30);
		if (drawn && drawn[0] === first && drawn[1] === last)
			return;
		drawn = [first, last];
		const focused = document.activeElement && document.activeElement.closest
			? document.activeElement.closest("tr[data-index]") : null;
		tbody.replaceChildren(pad(first), ...view.slice(first, last).map((f, i) => drawRow(f, first + i)),
			pad(view.length - last));
		if (focused)
			focusRow(Number(focused.dataset.index));
	}

	function pad(n) {
		const td = h("td", { colspan: COLUMNS.length });
		td.style.height = `${n * ROW}px`;
		return h("tr", { class: "pad", "aria-hidden": "true", hidden: n ? null : "" }, td);
	}

	function drawRow(f, at) {
		const open = h("button", { type: "button", class: "open", title: f.path }, h("bdi", {}, f.path),
			f.files > 1 ? ` (${f.files} files)` : null);
		return h("tr", { "data-index": f.index, class: f.index === selected ? "on" : null,
			"aria-rowindex": at + 2 },
		h("th", { scope: "row" }, open),
		COLUMNS.slice(1).map((c) => h("td", { class: c.text ? "t" : "n" }, c.show ? c.show(f) : f[c.key])));
	}

	function focusRow(index) {
		const row = tbody.querySelector(`tr[data-index="${index}"] button`);
		if (row)
			row.focus({ preventScroll: true });
	}

	// Show a file: its row in view, its detail below the table.
	function select(index, fromMap) {
		selected = index;
		let at = view.findIndex((f) => f.index === index);
		if (at >= 0) {
			const y = at * ROW, visible = scroller.clientHeight - 3 * ROW;
			if (fromMap || y < scroller.scrollTop || y > scroller.scrollTop + visible)
				scroller.scrollTop = Math.max(0, y - visible / 2);
		}
		drawn = null;
		drawRows();
		for (const dot of dots)
			dot.classList.toggle("on", Number(dot.dataset.index) === index);
		drawDetail(rows[index]);
		if (fromMap) {
			$("files").scrollIntoView({ block: "start" });
			focusRow(index);
		} else {
			$("detail").scrollIntoView({ block: "nearest" });
			focusRow(index);
		}
	}

	function closeDetail() {
		const index = selected;
		$("detail").replaceChildren();
		selected = -1;
		drawn = null;
		drawRows();
		focusRow(index);
	}

	// ---- one file ------------------------------------------------------------------------------------

	function drawDetail(f) {
		const d = f.detail;
		$("detail").replaceChildren(h("div", { class: "panel" },
			h("button", { type: "button", class: "close", onclick: closeDetail }, "Close"),
			h("h3", {}, h("bdi", {}, f.path)),
			h("p", { class: "note" }, d ? fileSentence(f)
				: `${f.files} files, the smaller ones of this directory, together; alcm report on the directory shows each.`),
			d ? h("div", { class: "panels" }, panels(f, d)) : null));
	}

	const fileSentence = (f) => `${f.type || "bytes"}${f.shape ? ` (${f.shape})` : ""}: ${f.ratio.toFixed(3)} : 1 — `
		+ `${bytes(f.saved)} saved of ${bytes(f.logical)}, for ${short(f.cpu)} CPU seconds. `
		+ (f.lossy ? "Lossy." : "Lossless.");

	const panel = (title, ...what) => h("div", {}, h("h4", {}, title), what);
	const facts = (pairs) => h("dl", { class: "facts" },
		pairs.map(([k, v]) => [h("dt", {}, k), h("dd", {}, v)]).flat());

	function panels(f, d) {
		const value = d.histogram, stats = d.statistics, gain = d.zlib_gain_percent, list = [planesPanel(d)];
		if (value) {
			list.push(panel("Values", bars(value.counts, value.low, value.high, short, "Histogram of values"),
				h("p", { class: "note" }, `${value.values.toLocaleString("en")} values of a sample of `
					+ `${bytes(value.sample_bytes)}; ${value.below + value.above} lie beyond four standard deviations.`)));
			list.push(panel("Powers of two (exponents)", bars(value.exponent_counts, value.exponent_low,
				value.exponent_low + value.exponent_counts.length * value.exponent_step, power,
				"Histogram of exponents"), h("p", { class: "note" }, value.zeros
				? `${value.zeros.toLocaleString("en")} zeros have no exponent.` : "No value is zero.")));
		}
		list.push(panel("Statistics", facts([
			...["mean", "variance", "stddev", "skewness", "kurtosis", "sparsity"].map((k) =>
				[k === "stddev" ? "standard deviation" : k, short(stats[k], 5)]),
			["least, largest", `${short(stats.min, 5)}, ${short(stats.max, 5)}`],
			["finite, NaN, infinite", `${stats.values.toLocaleString("en")}, ${stats.nan}, ${stats.inf}`]])));
		list.push(entropyPanel(f, d));
		list.push(panel("Cost", facts([["CPU", `${short(f.cpu)} s, ${short(f.perGib)} s per GiB`],
			["elapsed", `${short(d.wall_seconds)} s, ${d.threads} threads`], ["speed", `${fixed(f.speed, 0)} MB/s per core`],
			["CAQ", f.caq.toFixed(3)],
			["CAQ against zlib -6", gain === null ? "–" : `${gain >= 0 ? "+" : ""}${gain.toFixed(1)} %`],
			["profile, main coder", `${f.profile}, ${d.codec}`],
			["modified", d.modified.replace("T", " ").replace("Z", " UTC")]])));
		if (d.errors)
			list.push(errorsPanel(d.errors));
		if (d.tensors)
			list.unshift(tensorsPanel(d));
		const others = otherSteps(f);
		if (others.length > 1)
			list.push(stepsPanel(f, others));
		return list;
	}

	// A float is split into bytes after a rotation by one bit: the sign is behind the mantissa.
	function planeName(p, planes) {
		const mantissa = planes.filter((q) => q.name.startsWith("mantissa"));
		return p === mantissa[mantissa.length - 1] ? `${p.name} and sign` : p.name;
	}

	function planesPanel(d) {
		const top = 18, each = 34, width = 360;
		const most = Math.max(8, ...d.planes.map((p) => Math.max(p.bits_before || 0, p.bits_after || 0)));
		const x = (v) => v / most * (width - 2);
		if (!d.planes.length)
			return panel("Bits per value by plane", h("p", { class: "note" }, "No planes: nothing is stored."));
		return panel("Bits per value by plane: before, after", s("svg",
			{ viewBox: `0 0 ${width} ${top + each * d.planes.length}`, role: "img",
				"aria-label": planesText(d.planes) },
			d.planes.map((p, i) => [
				s("text", { class: "strong", x: 0, y: top + each * i - 4 }, planeName(p, d.planes)),
				s("text", { x: width, y: top + each * i - 4, "text-anchor": "end" },
					`${short(p.bits_before)} → ${short(p.bits_after)} bits, ${p.coder}`),
				s("rect", { class: "saved", x: 1, y: top + each * i, width: x(p.bits_before || 0), height: 13, rx: 2 }),
				s("rect", { class: "stored", x: 1, y: top + each * i, width: x(Math.min(p.bits_after || 0, most)), height: 13, rx: 2 }),
				s("rect", { class: "frame", x: 1, y: top + each * i, width: x(p.bits_before || 0), height: 13, rx: 2 }),
			]).flat()));
	}

	function bars(counts, low, high, label, title) {
		const width = 360, tall = 130, each = width / Math.max(counts.length, 1), most = Math.max(...counts, 1);
		return s("svg", { viewBox: `0 0 ${width} ${tall + 20}`, role: "img", "aria-label": `${title} from ${label(low)} to ${label(high)}` },
			counts.map((n, i) => s("rect", { class: "stored", x: (i * each).toFixed(2), y: (tall - n / most * tall).toFixed(1),
				width: Math.max(each - .6, .5).toFixed(2), height: (n / most * tall).toFixed(1) })),
			s("line", { class: "grid", x1: 0, x2: width, y1: tall, y2: tall }),
			s("text", { x: 0, y: tall + 15 }, label(low)),
			s("text", { x: width / 2, y: tall + 15, "text-anchor": "middle" }, label((low + high) / 2)),
			s("text", { x: width, y: tall + 15, "text-anchor": "end" }, label(high)));
	}

	function entropyPanel(f, d) {
		const achieved = f.logical ? f.stored / f.logical : null, width = 360;
		const line = (y, name, v) => [
			s("text", { class: "strong", x: 0, y: y - 4 }, name),
			s("text", { x: width, y: y - 4, "text-anchor": "end" }, percent(v)),
			s("rect", { class: "frame", x: 1, y, width: width - 2, height: 13, rx: 2 }),
			s("rect", { class: "stored", x: 1, y, width: (width - 2) * Math.min(v || 0, 1), height: 13, rx: 2 })];
		return panel("Entropy: bits needed of bits there", s("svg", { viewBox: `0 0 ${width} 76`, role: "img",
			"aria-label": `predicted ${percent(d.predicted_entropy)}, achieved ${percent(achieved)}` },
		line(18, "predicted by the network", d.predicted_entropy), line(54, "achieved", achieved)));
	}

	const planesText = (planes) => planes.map((p) => `${planeName(p, planes)}: ${short(p.bits_before)} before, ${short(p.bits_after)} after, ${p.coder}`).join("; ");

	// The planes of a tensor that matter: others are of elements that the end of a chunk cut in two.
	const shownPlanes = (t) => t.planes.filter((p) => Math.max(p.bytes, p.stored) > SMALL_SHARE * t.bytes);

	// Its planes side by side, of each what is stored and what was saved.
	function tensorBar(planes) {
		const width = 144, all = planes.reduce((sum, p) => sum + Math.max(p.bits_before, p.bits_after), 0);
		let x = 0;
		return s("svg", { viewBox: `0 0 ${width} 12`, preserveAspectRatio: "none", role: "img",
			"aria-label": `Bits per value by plane: ${planesText(planes)}` },
		planes.map((p) => {
			const at = x, wide = Math.max(p.bits_before, p.bits_after) / (all || 1) * width;
			x += wide;
			return [s("rect", { class: "saved", x: at, y: 0, width: wide, height: 12 }, s("title", {}, planesText([p]))),
				s("rect", { class: "stored", x: at, y: 0, width: p.bits_after / (all || 1) * width, height: 12 }),
				s("line", { class: "cut", x1: at, x2: at, y1: 0, y2: 12 })];
		}).flat());
	}

	// A tensor's planes in a row of their own, below it.
	function togglePlanes(button, planes) {
		const row = button.closest("tr"), open = button.getAttribute("aria-expanded") === "true";
		button.setAttribute("aria-expanded", String(!open));
		if (open)
			row.nextSibling.remove();
		else
			row.after(h("tr", { class: "planes" }, h("td", { colspan: 7 }, planesPanel({ planes }))));
	}

	function tensorRow(t) {
		const name = [h("bdi", {}, visible(t.name) || "(no tensor's)"), t.count > 1 ? ` (${t.count} tensors)` : null];
		const planes = shownPlanes(t);
		const head = planes.length ? h("button", { type: "button", class: "open", "aria-expanded": "false",
			onclick: (e) => togglePlanes(e.currentTarget, planes) }, name) : name;
		return h("tr", {}, h("th", { scope: "row" }, head),
			[visible(t.dtype || ""), t.shape ? t.shape.join(" × ") : ""].map((v) => h("td", { class: "t" }, v)),
			[bytes(t.bytes), bytes(t.stored), t.stored ? (t.bytes / t.stored).toFixed(3) : "–"].map((v) => h("td", { class: "n" }, v)),
			h("td", { class: "t" }, planes.length ? tensorBar(planes) : null));
	}

	function tensorsPanel(d) {
		const heads = [["Tensor", "t"], ["Type", "t"], ["Shape", "t"], ["Bytes", "n"], ["Stored", "n"], ["Ratio", "n"], ["Planes", "t"]];
		return h("div", { class: "wide" }, h("h4", {}, "Tensors"),
			d.tensors.length ? h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Tensors of this file" },
				h("table", {}, h("thead", {}, h("tr", {}, heads.map(([name, c]) => h("th", { scope: "col", class: c }, name)))),
					h("tbody", {}, d.tensors.map(tensorRow)))) : null,
			d.more_tensors ? h("p", { class: "note" }, `${d.more_tensors}${d.tensors.length ? " more" : ""} rows are in alcm report --json.`) : null);
	}

	function errorsPanel(e) {
		if (e.why_not)
			return panel("Errors", h("p", {}, `None: the values are as they were written (${e.why_not}).`));
		return panel("Errors of the values", facts([["mean squared", short(e.mse)], ["mean absolute", short(e.mae)],
			["largest", short(e.max_error)], ["allowed", e.bound ? short(e.bound) : "no bound"],
			["relative (L2)", short(e.relative_l2)], ["PSNR", e.psnr_db === null ? "no error" : `${e.psnr_db.toFixed(1)} dB`],
			["values made 0", percent(e.pruned_share)]]));
	}

	// The same file at other steps: alike but for numbers in the names of directories and of steps.
	const alike = (path) => path.replace(/(step|epoch|iter|ckpt|checkpoint|save|round|snapshot)[-_.]?\d+/gi, "$1#")
		.replace(/(^|\/)\d+(?=\/)/g, "$1#");

	function otherSteps(f) {
		const key = alike(f.path);
		return key === f.path ? [] : rows.filter((r) => r.detail && alike(r.path) === key)
			.sort((a, b) => a.path.localeCompare(b.path, "en", { numeric: true }));
	}

	function stepsPanel(f, others) {
		const width = 360, tall = 90, each = width / others.length;
		const most = Math.max(...others.map((r) => r.ratio));
		return panel(`The same file at ${others.length} steps: ratio`, s("svg", { viewBox: `0 0 ${width} ${tall + 20}`,
			role: "img", "aria-label": others.map((r) => `${r.path}: ${r.ratio.toFixed(3)}`).join("; ") },
		others.map((r, i) => s("rect", { class: r === f ? "stored" : "saved", x: (i * each).toFixed(1),
			y: (tall - tall * r.ratio / most).toFixed(1), width: Math.max(each * .85, .5).toFixed(1),
			height: (tall * r.ratio / most).toFixed(1) }, s("title", {}, `${r.path}: ${r.ratio.toFixed(3)}`))),
		s("text", { x: 0, y: tall + 15 }, others[0].ratio.toFixed(3)),
		s("text", { x: width, y: tall + 15, "text-anchor": "end" }, others[others.length - 1].ratio.toFixed(3))));
	}

	// ---- filters ---------------------------------------------------------------------------------------

	function makeFilters() {
		// "=" marks a choice: a type may be "".
		const option = (v) => h("option", { value: `=${v}` }, v || "bytes");
		$("type").append(...typeOrder.map(option));
		$("profile").append(...[...new Set(rows.map((f) => f.profile))].sort().map(option));
		const dirs = new Set();
		for (const f of rows)
			f.dir.split("/").slice(0, -1).forEach((_, i, parts) => i < 3 && dirs.add(parts.slice(0, i + 1).join("/") + "/"));
		$("directory").append(...[...dirs].sort().slice(0, 1000).map((d) => h("option", { value: d }, d)));
		// Not the search's change: it comes with the press on a row, whose click would be lost.
		$("search").addEventListener("input", changed);
		for (const id of ["type", "profile", "directory"])
			$(id).addEventListener("change", changed);
		$("filters").addEventListener("submit", (e) => e.preventDefault());
		$("filters").addEventListener("reset", () => setTimeout(changed));
	}

	function changed() {
		scroller.scrollTop = 0;
		update();
		drawMap(view);
	}

	// Directories of the static table choose the filter.
	function linkDirectories() {
		const known = new Set(Array.from($("directory").options, (o) => o.value));
		for (const span of document.querySelectorAll("#dirs [data-dir]")) {
			const value = span.dataset.dir ? span.dataset.dir + "/" : "";
			if (!known.has(value))
				continue;
			span.replaceWith(h("button", { type: "button", class: "open", title: span.title, onclick: () => {
				$("directory").value = value;
				changed();
				$("files").scrollIntoView({ block: "start" });
			} }, h("bdi", {}, span.textContent)));
		}
	}

	// ---- start -----------------------------------------------------------------------------------------

	let printing = false;

	function print(on) {
		printing = on;
		drawn = null;
		drawRows();
	}

	function start(files) {
		rows = files.map(rowOf);
		const frequency = new Map();
		for (const f of rows)
			frequency.set(f.type, (frequency.get(f.type) || 0) + 1);
		typeOrder = [...frequency.keys()].sort((a, b) => frequency.get(b) - frequency.get(a) || (a < b ? -1 : 1));
		makeFilters();
		makeTable();
		linkDirectories();
		drawLegend();
		update();
		drawMap(view);
		window.addEventListener("beforeprint", () => print(true));
		window.addEventListener("afterprint", () => print(false));
		document.addEventListener("keydown", (e) => {
			if (e.key === "Escape" && selected >= 0)
				closeDetail();
		});
		if (rows.length === 1)
			select(0, false);
		document.documentElement.classList.add("ready");
	}

	// Older browsers can't inflate (DecompressionStream); what is below the files is there all the same.
	function fail(e) {
		$("table").append(h("p", { class: "note" },
			`This browser can't read the files' figures (${e.message}); alcm report --csv has them, too.`));
	}

	document.documentElement.classList.add("scripted");
	load().then(start).catch(fail);
}());
