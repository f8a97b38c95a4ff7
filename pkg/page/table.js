
// The table of what failed. Only the rows that can be seen are elements.
(() => {
	"use strict";
	const packed = document.getElementById("failed-data");
	if (!packed) return;
	const $ = id => document.getElementById(id);
	const scroller = $("scroller"), grid = $("grid"), body = $("grid-body"), found = $("found"), detail = $("detail");
	const printed = 200; // rows

	async function unpack(text) {
		const bytes = Uint8Array.from(atob(text.trim().replaceAll("-", "+").replaceAll("_", "/")), c => c.charCodeAt(0));
		return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
	}

	function sums(list) {
		const all = new Float64Array(list.length);
		let last = 0;
		list.forEach((n, i) => all[i] = last += n);
		return all;
	}

	// textsOf gives a column of texts: how a row is shown, sorted and searched.
	function textsOf(c) {
		const order = c.texts.map((_, i) => i).sort((a, b) => c.texts[a] < c.texts[b] ? -1 : 1);
		const rank = [];
		order.forEach((n, i) => rank[n] = i);
		const lower = c.texts.map(t => t.toLowerCase());
		return {
			show: i => c.texts[c.number[i]],
			key: i => rank[c.number[i]],
			match: word => {
				const hits = lower.map(t => t.includes(word));
				return i => hits[c.number[i]];
			},
		};
	}

	// idsOf gives a column of record ids. Numbers of JavaScript cannot hold them, so they are texts.
	function idsOf(c) {
		const high = textsOf(c.high), low = sums(c.low);
		const all = Array.from(low, (n, i) => n < 0 ? high.show(i) : high.show(i) + String(n).padStart(9, "0"));
		return {
			show: i => all[i],
			key: i => high.key(i) * 2e9 + low[i] + 1,
			match: word => i => all[i].toLowerCase().includes(word),
		};
	}

	function build(data) {
		const rows = data.rows;
		const lines = sums(data.line), times = sums(data.time);
		const module = textsOf(data.module), list = textsOf(data.relation), http = textsOf(data.http), attempts = textsOf(data.attempts);
		const shownTime = i => times[i] ? new Date(times[i]).toISOString().slice(0, 19).replace("T", " ") : "";
		const never = () => () => false;
		const columns = [
			{id: "line", name: "Line", number: true, show: i => String(lines[i]), key: i => lines[i], match: word => i => String(lines[i]) === word},
			{id: "status", name: "Status", ...textsOf(data.status)},
			{id: "code", name: "Code", ...textsOf(data.code)},
			{id: "message", name: "Message", ...textsOf(data.message)},
			{id: "parent", name: "Parent record", ...idsOf(data.parent)},
			{id: "related", name: "Related record", ...idsOf(data.related)},
			{id: "relation", name: "Relation", show: i => module.show(i) + "." + list.show(i), key: i => module.key(i) * 1e6 + list.key(i), match: word => {
				const hits = new Map();
				return i => {
					const text = module.show(i) + "." + list.show(i);
					if (!hits.has(text)) hits.set(text, text.toLowerCase().includes(word));
					return hits.get(text);
				};
			}},
			{id: "time", name: "Time (UTC)", show: shownTime, key: i => times[i], match: never},
		];
		// A relation that all rows have in common takes no room.
		const cells = columns.filter(c => c.id !== "relation" || data.module.texts.length + data.relation.texts.length > 2);
		const column = id => columns.find(c => c.id === id);

		let sorted = Uint32Array.from({length: rows}, (_, i) => i); // all rows in order
		let shown = sorted; // those that the filters leave
		let by = "line", down = false, active = -1; // the place in shown of the row that is chosen

		// The head, and the list of columns for narrow screens.
		for (const c of cells) {
			const th = document.createElement("th"), button = document.createElement("button");
			th.scope = "col";
			th.setAttribute("role", "columnheader");
			th.className = "c-" + c.id + (c.number ? " n" : "");
			th.dataset.name = c.name;
			button.type = "button";
			button.textContent = c.name;
			button.addEventListener("click", () => sortBy(c.id, by === c.id && !down));
			th.append(button);
			$("grid-head").append(th);
			c.head = th;
			$("sort").append(new Option(c.name, c.id), new Option(c.name + ", down", "-" + c.id));
		}
		grid.setAttribute("aria-colcount", cells.length);
		$("sort").addEventListener("change", e => sortBy(e.target.value.replace("-", ""), e.target.value.startsWith("-")));

		// The statuses, with how many rows have each.
		const tally = new Map();
		for (let i = 0; i < rows; i++) tally.set(column("status").show(i), (tally.get(column("status").show(i)) || 0) + 1);
		const wanted = new Set(tally.keys());
		for (const [status, n] of [...tally].sort()) {
			const label = document.createElement("label"), box = document.createElement("input");
			box.type = "checkbox";
			box.checked = true;
			box.addEventListener("change", () => {
				if (box.checked) wanted.add(status); else wanted.delete(status);
				filter();
			});
			label.append(box, status + " " + n.toLocaleString("en-US"));
			$("statuses").append(label);
		}

		function sortBy(id, descending) {
			by = id;
			down = descending;
			const key = Float64Array.from({length: rows}, (_, i) => column(by).key(i));
			sorted = sorted.slice().sort(down ? (a, b) => key[b] - key[a] || a - b : (a, b) => key[a] - key[b] || a - b);
			for (const c of cells) c.head.setAttribute("aria-sort", c.id !== by ? "none" : down ? "descending" : "ascending");
			$("sort").value = (down ? "-" : "") + by;
			filter();
		}

		function filter() {
			const status = column("status");
			const words = $("search").value.toLowerCase().split(/\s+/).filter(w => w).map(w => columns.map(c => c.match(w)));
			shown = sorted.filter(i => wanted.has(status.show(i)) && words.every(matches => matches.some(m => m(i))));
			found.textContent = shown.length === rows ? rows.toLocaleString("en-US") + " rows" : shown.length.toLocaleString("en-US") + " of " + rows.toLocaleString("en-US") + " rows";
			grid.setAttribute("aria-rowcount", shown.length + 1);
			choose(-1);
			scroller.scrollTop = 0;
			draw(true);
		}

		// The rows that can be seen, between two that stand for those above and below.
		const spacer = () => {
			const tr = document.createElement("tr"), td = document.createElement("td");
			tr.setAttribute("aria-hidden", "true");
			td.colSpan = cells.length;
			tr.append(td);
			return {tr, td};
		};
		const above = spacer(), below = spacer(), pool = [];
		body.append(above.tr, below.tr);
		function rowElement(n) {
			while (pool.length <= n) {
				const tr = document.createElement("tr");
				tr.setAttribute("role", "row");
				for (const c of cells) {
					const td = document.createElement("td");
					td.setAttribute("role", "gridcell");
					td.className = "c-" + c.id + (c.number ? " n" : "");
					tr.append(td);
				}
				pool.push(tr);
			}
			return pool[n];
		}
		function fill(tr, place) {
			const i = shown[place];
			tr.id = "row-" + place;
			tr.setAttribute("aria-rowindex", place + 2);
			tr.setAttribute("aria-selected", place === active);
			cells.forEach((c, n) => {
				const td = tr.children[n], text = c.show(i);
				if (td.textContent !== text) td.textContent = text;
				if (c.id === "status") td.className = "c-status badge b-" + (/^[a-z]+$/.test(text) ? text : "");
			});
		}
		let height = 0, first = -1, last = -1;
		function draw(anew) {
			height = parseFloat(getComputedStyle(scroller).getPropertyValue("--row"));
			const from = Math.max(0, Math.floor(scroller.scrollTop / height) - 6);
			const to = Math.min(shown.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / height) + 6);
			lay(from, to, anew);
		}
		function lay(from, to, anew) {
			if (!anew && from === first && to === last) return;
			first = from;
			last = to;
			for (let n = 0; n < to - from; n++) {
				const tr = rowElement(n);
				fill(tr, from + n);
				if (tr.parentNode !== body) below.tr.before(tr);
			}
			for (let n = to - from; n < pool.length; n++) pool[n].remove();
			above.tr.style.height = above.td.style.height = from * height + "px";
			below.tr.style.height = below.td.style.height = (shown.length - to) * height + "px";
		}

		// The row that is chosen, and all that is known of it.
		function choose(place) {
			active = shown.length ? Math.min(place, shown.length - 1) : -1;
			grid.removeAttribute("aria-activedescendant");
			detail.hidden = active < 0;
			detail.replaceChildren();
			if (active < 0) return;
			const i = shown[active];
			const facts = columns.map(c => [c.name, c.show(i)]).concat([["HTTP status", http.show(i)], ["Attempts", attempts.show(i)]]);
			for (const [name, text] of facts) {
				if (!text) continue;
				const div = document.createElement("div"), dt = document.createElement("dt"), dd = document.createElement("dd");
				dt.textContent = name;
				dd.textContent = text;
				dd.classList.toggle("long", name === "Message");
				div.append(dt, dd);
				detail.append(div);
			}
			const head = matchMedia("(max-width: 640px)").matches ? 0 : $("grid-head").offsetHeight;
			const top = active * height;
			if (top < scroller.scrollTop) scroller.scrollTop = top;
			if (top + height + head > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + height + head - scroller.clientHeight;
			draw(true);
			grid.setAttribute("aria-activedescendant", "row-" + active);
		}
		grid.addEventListener("keydown", e => {
			if (e.target !== grid || e.ctrlKey || e.metaKey || e.altKey) return;
			const page = Math.max(1, Math.floor(scroller.clientHeight / height) - 2);
			const to = {ArrowDown: active + 1, ArrowUp: Math.max(0, active - 1), PageDown: active + page, PageUp: Math.max(0, active - page), Home: 0, End: shown.length - 1}[e.key];
			if (to === undefined) return;
			e.preventDefault();
			choose(to);
		});
		body.addEventListener("click", e => {
			const tr = e.target.closest("tr[role=row]");
			if (tr && !getSelection().toString()) choose(Number(tr.id.slice(4)));
		});
		scroller.addEventListener("scroll", () => requestAnimationFrame(() => draw(false)), {passive: true});
		new ResizeObserver(() => draw(true)).observe(scroller);

		// Paper has no more than the first rows.
		addEventListener("beforeprint", () => {
			$("print-note").classList.toggle("more", shown.length > printed);
			height = 0; 
			lay(0, Math.min(shown.length, printed), true);
		});
		addEventListener("afterprint", () => draw(true));

		let typing = 0;
		$("search").addEventListener("input", () => {
			clearTimeout(typing);
			typing = setTimeout(filter, 120);
		});
		for (const button of $("filters").querySelectorAll("[data-copy]")) {
			button.addEventListener("click", async () => {
				const ids = [...new Set(Array.from(shown, column(button.dataset.copy).show))];
				const done = await copied(ids.join("\n") + "\n");
				found.textContent = done ? ids.length.toLocaleString("en-US") + (ids.length === 1 ? " id" : " ids") + " copied" : "the browser does not let the page copy";
			});
		}
		async function copied(text) {
			try {
				await navigator.clipboard.writeText(text);
				return true;
			} catch {
				const area = document.createElement("textarea");
				area.value = text;
				document.body.append(area);
				area.select();
				const done = document.execCommand("copy");
				area.remove();
				return done;
			}
		}

		// A cause shows its rows.
		for (const code of document.querySelectorAll(".causes code[data-code]")) {
			if (!code.dataset.code) continue;
			const button = document.createElement("button");
			button.type = "button";
			button.className = "show";
			button.textContent = "rows";
			button.setAttribute("aria-label", "Show the rows with " + code.dataset.code);
			button.addEventListener("click", () => {
				$("search").value = code.dataset.code;
				filter();
				$("failed-head").scrollIntoView();
				$("search").focus({preventScroll: true});
			});
			code.after(" ", button);
		}

		scroller.hidden = $("filters").hidden = $("grid-help").hidden = false;
		sortBy("line", false);
	}

	unpack(packed.textContent).then(build).catch(error => {
		const p = document.createElement("p");
		p.textContent = "This browser cannot show the table: " + error.message;
		scroller.before(p);
	});
})();
