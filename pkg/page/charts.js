
// The charts of a job over time, all on one time axis. Times in which nothing happened for long are
// cut out of the axis: see axisOf.
(() => {
	"use strict";
	const source = document.getElementById("course-data");
	if (!source) return;
	const course = JSON.parse(source.textContent);
	const seconds = course.seconds;
	const section = document.getElementById("course");

	// axisOf gives each span its place on the axis, in seconds. Where more than a few spans are
	// missing, whole units of time are cut out, so that the marks of the axis stay round. back gives
	// the time of a place.
	function axisOf(start) {
		const units = [3600, 900, 300, 60, 15, 5, 1];
		const active = start.length * seconds;
		const unit = Math.max(units.find(u => u <= active / 20) || 1, seconds);
		const at = [], cuts = [];
		let left = 0;
		for (let i = 0; i < start.length; i++) {
			if (i > 0) {
				const gap = start[i] - start[i - 1] - seconds;
				const skip = Math.floor(gap / unit - 1) * unit;
				if (gap > Math.max(active / 4, 10 * seconds) && skip > 0) {
					left += skip;
					cuts.push({at: start[i - 1] + seconds - (left - skip), to: start[i] - left, left});
				}
			}
			at.push(start[i] - left);
		}
		const back = x => {
			let l = 0;
			for (const c of cuts) if (x >= c.at + (c.to - c.at) / 2) l = c.left;
			return x + l;
		};
		return {at, cuts, back};
	}
	const axis = axisOf(course.start);

	// Between spans nothing got an outcome and nothing was sent. rows has the numbers of spans, with a
	// null for each hole, and xs their places.
	const xs = [], rows = [];
	course.start.forEach((_, i) => {
		const before = i > 0 ? axis.at[i - 1] + seconds : axis.at[0];
		if (i > 0 && axis.at[i] > before) {
			xs.push(before);
			rows.push({hole: axis.at[i] - before, cut: axis.cuts.some(c => c.to === axis.at[i])});
		}
		xs.push(axis.at[i]);
		rows.push(i);
	});
	xs.push(axis.at[axis.at.length - 1] + seconds);
	rows.push({hole: 0, cut: true});

	const rates = list => rows.map(r => typeof r === "number" ? list[r] / seconds : 0);
	// A level goes on through a short hole; a 0 says that it is not known.
	const levels = list => {
		let last = null;
		return rows.map(r => {
			if (typeof r !== "number") return last = r.cut || r.hole > Math.max(60, 10 * seconds) ? null : last;
			return last = list[r] > 0 ? list[r] : last;
		});
	};
	// Answer times are joined over short holes: undefined is passed over, null is not.
	const times = list => rows.map(r => typeof r === "number" ? (list[r] > 0 ? list[r] : undefined) : r.cut || r.hole > Math.max(60, 10 * seconds) ? null : undefined);
	const counts = list => rows.map(r => typeof r === "number" && list[r] > 0 ? list[r] : null);

	const shownNumber = v => v == null ? "–" : (Math.abs(v) < 10 && v % 1 ? v.toFixed(1) : Math.round(v).toLocaleString("en-US"));
	const two = n => String(n).padStart(2, "0");
	function shownTime(x, withDate) {
		const d = new Date(Math.round(axis.back(x)) * 1000);
		const clock = two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()) + ":" + two(d.getUTCSeconds());
		return withDate ? d.toISOString().slice(0, 10) + " " + clock : clock;
	}
	const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000, 31536000]; // of the axis
	function marks(u, splits, _axis, _space, step) {
		let day = "";
		return splits.map(x => {
			const full = shownTime(x, true);
			const clock = step % 60 ? full.slice(11) : full.slice(11, 16);
			const date = full.slice(5, 10);
			if (step >= 86400) return date;
			const text = date === day ? clock : clock + "\n" + date;
			day = date;
			return text;
		});
	}

	const color = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
	const step = {paths: uPlot.paths.stepped({align: 1}), points: {show: false}};
	const line = {points: {show: false}, spanGaps: false};
	const series = (label, data, paint, more) => ({label, data, paint, ...more});
	const charts = [
		{id: "links", unit: "a second", series: [
			series("links", rates(course.settled), "green", {...step, filled: true}),
			series("of these failed or unknown", rates(course.bad), "red", {...step, filled: true, needed: true}),
		]},
		{id: "calls", unit: "a second", series: [
			series("calls", rates(course.calls), "grey", {...step, filled: true}),
			series("answered", rates(course.ok), "blue", step),
			series("refused", rates(course.refused), "red", {...step, needed: true}),
			series("429", rates(course.throttled), "orange", {...step, needed: true}),
			series("no answer", rates(course.missing), "violet", {...step, needed: true}),
		]},
		{id: "answers", unit: "milliseconds", series: [
			series("median", times(course.median_ms), "blue", {...line, width: 2}),
			series("90 %", times(course.p90_ms), "teal", {...line, dash: [6, 3]}),
			series("99 %", times(course.p99_ms), "violet", {...line, dash: [2, 3]}),
		]},
		{id: "flight", unit: "calls", pauses: true, series: [
			series("allowed, the fewest", levels(course.allowed), "grey", {...step, dash: [6, 3], width: 2}),
			series("open calls, the most", levels(course.in_flight), "blue", {...step, filled: true}),
			series("429s", counts(course.throttled), "orange", {paths: uPlot.paths.bars({size: [1, 6, 2], align: 1}), points: {show: false}, scale: "429", needed: true, filled: true}),
		]},
	];
	for (const c of charts) {
		c.element = document.getElementById("chart-" + c.id);
		c.series = c.series.filter(s => !s.needed || s.data.some(v => v > 0));
		c.element.setAttribute("role", "img");
		c.element.setAttribute("aria-label", c.series.map(describe).join("; "));
		function describe(s) {
			let most = null, when = 0;
			s.data.forEach((v, i) => { if (v != null && (most === null || v > most)) { most = v; when = xs[i]; } });
			return s.label + (most === null ? ": none" : ": at most " + shownNumber(most) + " " + (s.scale ? "in a span" : c.unit) + ", at " + shownTime(when, true) + " UTC");
		}
	}

	const whole = {min: xs[0], max: xs[xs.length - 1]};
	let shown = whole;
	let changing = false;
	function show(range) {
		const length = Math.min(Math.max(range.max - range.min, Math.min(2 * seconds, whole.max - whole.min)), whole.max - whole.min);
		const min = Math.min(Math.max(range.min, whole.min), whole.max - length);
		shown = {min, max: min + length};
		changing = true;
		for (const c of charts) c.plot.setScale("x", shown);
		changing = false;
		document.getElementById("range").textContent = shownTime(shown.min, true) + " to " + shownTime(shown.max, true) + " UTC";
	}

	// cuts and pauses are drawn behind the lines.
	function drawBehind(chart) {
		return u => {
			const x = v => u.valToPos(v, "x", true);
			const {left, top, width, height} = u.bbox;
			u.ctx.save();
			u.ctx.beginPath();
			u.ctx.rect(left, top, width, height);
			u.ctx.clip();
			if (chart.pauses) {
				u.ctx.fillStyle = color("pause");
				course.paused_ms.forEach((ms, i) => {
					if (ms > 0) u.ctx.fillRect(x(axis.at[i]), top, Math.max(2, x(axis.at[i] + ms / 1000) - x(axis.at[i])), height);
				});
			}
			u.ctx.strokeStyle = color("quiet");
			u.ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
			for (const c of axis.cuts) {
				const at = Math.round(x((c.at + c.to) / 2));
				u.ctx.beginPath();
				u.ctx.moveTo(at, top);
				u.ctx.lineTo(at, top + height);
				u.ctx.stroke();
			}
			u.ctx.restore();
		};
	}

	function axisFor(more) {
		return {stroke: color("quiet"), font: "11px system-ui, sans-serif", grid: {stroke: color("line"), width: 1}, ticks: {stroke: color("line"), width: 1, size: 4}, ...more};
	}
	const secondSize = 34, twoAxes = charts.some(c => c.series.some(s => s.scale));
	function build(chart, width) {
		const second = chart.series.some(s => s.scale);
		const options = {
			width, height: 150, tzDate: t => uPlot.tzDate(new Date(t * 1000), "Etc/UTC"),
			padding: [8, second ? 0 : twoAxes ? secondSize : 24, 0, 0], // so that all charts are as wide
			cursor: {sync: {key: "delink", setSeries: false}, drag: {x: true, y: false}, points: {size: 5}},
			legend: {markers: {width: 0, fill: (u, i) => i > 0 ? color(chart.series[i - 1].paint) : ""}},
			scales: {x: {time: true}, y: {range: (u, min, max) => [0, max > 0 ? max * 1.1 : 1]}, 429: {range: (u, min, max) => [0, max > 0 ? max * 2 : 1]}},
			axes: [
				axisFor({values: marks, incrs: steps, space: 70, size: 38}),
				axisFor({size: 46, space: 28, values: (u, v) => v.map(shownNumber)}),
			],
			series: [{label: "at", value: (u, v) => v == null ? "–" : shownTime(v, true)}].concat(chart.series.map(s => ({
				label: s.label, stroke: color(s.paint), width: s.width || 1.25, dash: s.dash, scale: s.scale || "y", paths: s.paths, points: s.points, spanGaps: s.spanGaps,
				fill: s.filled ? color(s.paint) + "33" : undefined, value: (u, v) => shownNumber(v),
			}))),
			hooks: {
				drawClear: [drawBehind(chart)],
				setScale: [(u, key) => { if (key === "x" && !changing && u.status === 1) show({min: u.scales.x.min, max: u.scales.x.max}); }],
			},
		};
		if (second) options.axes.push(axisFor({side: 1, scale: "429", size: secondSize, grid: {show: false}, values: (u, v) => v.map(n => n % 1 ? "" : shownNumber(n)), stroke: color("orange")}));
		chart.element.replaceChildren();
		return new uPlot(options, [xs].concat(chart.series.map(s => s.data)), chart.element);
	}
	function buildAll(width) {
		const kept = shown;
		changing = true;
		for (const c of charts) {
			if (c.plot) c.plot.destroy();
			c.plot = build(c, width || c.element.clientWidth);
		}
		changing = false;
		show(kept);
	}

	section.querySelector(".tools").hidden = false;
	const note = document.getElementById("course-note");
	note.hidden = false;
	if (axis.cuts.length) note.textContent += " Times in which nothing happened are cut out at the dotted lines.";
	if (course.paused_ms.some(ms => ms > 0)) note.textContent += " Nothing was sent where the last chart is shaded.";
	section.querySelector(".tools").addEventListener("click", e => {
		const middle = (shown.min + shown.max) / 2, half = (shown.max - shown.min) / 2;
		switch (e.target.dataset.zoom) {
		case "in": return show({min: middle - half / 2, max: middle + half / 2});
		case "out": return show({min: middle - half * 2, max: middle + half * 2});
		case "earlier": return show({min: shown.min - half, max: shown.max - half});
		case "later": return show({min: shown.min + half, max: shown.max + half});
		case "all": return show(whole);
		}
	});

	buildAll();
	let waiting = 0;
	new ResizeObserver(() => {
		cancelAnimationFrame(waiting);
		waiting = requestAnimationFrame(() => {
			for (const c of charts) {
				const width = c.element.clientWidth;
				if (width > 0 && width !== c.plot.width && !document.documentElement.classList.contains("paper")) c.plot.setSize({width, height: 150});
			}
		});
	}).observe(section);
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => buildAll());
	// Paper is white, and as wide as a page of it.
	addEventListener("beforeprint", () => { document.documentElement.classList.add("paper"); buildAll(680); });
	addEventListener("afterprint", () => { document.documentElement.classList.remove("paper"); buildAll(); });
})();
