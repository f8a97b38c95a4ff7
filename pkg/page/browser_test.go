package page

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

var (
	pictures = flag.String("pictures", "", "`folder` for pictures of the pages that the browser shows")
	ofPage   = flag.String("picture-of", "", "`page` to take one picture of")
	picture  = flag.String("picture", "", "`file` for that picture")
)

// TestPicture takes the picture of a page that is there, for people. The other tests make their own
// pages.
func TestPicture(t *testing.T) {
	if *ofPage == "" {
		t.Skip("-picture-of and -picture say of what, and where to")
	}
	p := newTab(t)
	p.look(1160, 800, false)
	p.visit(*ofPage)
	p.until(`!document.getElementById("failed-data") || document.querySelector("#grid-body tr[role=row]")`)
	var end float64 // of the charts
	p.eval(`document.getElementById("course").getBoundingClientRect().bottom + 20`, &end)
	save(t, *picture, p.picture(int(end)))
	p.shots(t, *pictures, "picture")
}

func save(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// shots takes pictures in both widths and themes, if a folder is given.
func (p *tab) shots(t *testing.T, folder, name string) {
	if folder == "" {
		return
	}
	for _, width := range []int{375, 1280} {
		for _, dark := range []bool{false, true} {
			p.look(width, 800, dark)
			theme := map[bool]string{false: "light", true: "dark"}[dark]
			save(t, filepath.Join(folder, fmt.Sprintf("%s-%d-%s.png", name, width, theme)), p.picture(0))
		}
	}
	p.look(1280, 800, true)
	save(t, filepath.Join(folder, name+".pdf"), p.print())
}

// quiet makes sure that the page asked for nothing but itself, and that nothing went wrong in it.
func (p *tab) quiet(t *testing.T, path string) {
	t.Helper()
	requests, troubles := p.heardOf()
	for _, r := range requests {
		if r != "file://"+path {
			t.Errorf("the page asked for %s", r)
		}
	}
	for _, trouble := range troubles {
		t.Errorf("in the page: %s", trouble)
	}
}

// opened opens the page of a job.
func (p *tab) opened(t *testing.T, j *job) (path string) {
	t.Helper()
	path = j.saved(t)
	p.look(1280, 900, false)
	p.visit(path)
	p.until(`document.readyState === "complete" && (!document.getElementById("failed-data") || document.querySelector("#grid-body tr[role=row]"))`)
	return path
}

const firstRow = `document.querySelector("#grid-body tr[role=row]").innerText`

// search searches the table, and waits for the result.
func (p *tab) search(words, want string) {
	p.t.Helper()
	p.eval(fmt.Sprintf(`(() => { const s = document.getElementById("search"); s.value = %q; s.dispatchEvent(new Event("input")); })()`, words), nil)
	p.until(fmt.Sprintf(`document.getElementById("found").textContent === %q`, want))
}

// The pages of jobs are opened in a browser. It is started once, since that takes long.
func TestInBrowser(t *testing.T) {
	p := newTab(t)
	for name, test := range map[string]func(*testing.T, *tab){
		"clean": testClean, "throttled": testThrottled, "failed": testFailed, "attacked": testAttacked, "policy": testPolicy,
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			p.heardOf()
			test(t, p)
		})
	}
	p.t = t
}

func testClean(t *testing.T, p *tab) {
	path := p.opened(t, clean)
	if s := p.text(`document.querySelector(".verdict").innerText`); !strings.Contains(s, "finished, 0 not as wanted") {
		t.Errorf("%q", s)
	}
	if s := p.text(`document.querySelector(".counts").innerText`); !strings.Contains(s, "removed") || !strings.Contains(s, "30,000") || !strings.Contains(s, "100 %") {
		t.Errorf("%q", s)
	}
	var n []int
	p.eval(`[document.querySelectorAll("canvas").length, document.querySelectorAll("#failed, .causes").length, document.querySelectorAll("h1").length]`, &n)
	if !slices.Equal(n, []int{4, 0, 1}) {
		t.Errorf("charts, parts about failures, titles: %v", n)
	}
	p.shots(t, *pictures, "clean")
	p.fits(t)
	p.quiet(t, path)
}

// fits makes sure that nothing is wider than the window but what scrolls.
func (p *tab) fits(t *testing.T) {
	t.Helper()
	for _, width := range []int{320, 375, 768, 1280} {
		p.look(width, 800, false)
		var has int
		if p.eval(`document.documentElement.scrollWidth`, &has); has > width {
			t.Errorf("it is %d wide in a window of %d", has, width)
		}
	}
}

func testThrottled(t *testing.T, p *tab) {
	path := p.opened(t, throttled)
	if s := p.text(`document.querySelector("header").innerText`); !strings.Contains(s, "15, 45 s of pauses") {
		t.Errorf("%q", s)
	}
	label := func(id string) string {
		return p.text(`document.getElementById("chart-` + id + `").getAttribute("aria-label")`)
	}
	if s := label("flight"); !strings.Contains(s, "allowed, the fewest: at most 10 calls") || !strings.Contains(s, "429s: at most 1") {
		t.Errorf("%q", s)
	}
	if s := label("calls"); !strings.Contains(s, "429: at most 1") {
		t.Errorf("%q", s)
	}
	whole := p.text(`document.getElementById("range").textContent`)
	if want := "2026-11-24 19:30:00 to 2026-11-26 19:31:4"; !strings.HasPrefix(whole, want) {
		t.Errorf("the axis shows %q", whole)
	}
	if s := p.text(`document.getElementById("course-note").textContent`); !strings.Contains(s, "cut out") || !strings.Contains(s, "shaded") {
		t.Errorf("%q", s)
	}
	p.shots(t, *pictures, "throttled")
	p.look(1280, 900, false)

	// The buttons, and the mouse on one chart, zoom all of them.
	p.eval(`document.querySelector("[data-zoom=in]").click()`, nil)
	if s := p.text(`document.getElementById("range").textContent`); s == whole {
		t.Error("the button did nothing")
	}
	p.eval(`document.querySelector("[data-zoom=all]").click()`, nil)
	var at []float64
	p.eval(`(() => { document.getElementById("chart-links").scrollIntoView(); const r = document.querySelector("#chart-links .u-over").getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()`, &at)
	mouse := func(kind string, x float64, buttons int) {
		p.do("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at[0] + x*at[2], "y": at[1] + at[3]/2, "button": "left", "buttons": buttons, "clickCount": 1})
	}
	mouse("mouseMoved", 0.2, 0)
	mouse("mousePressed", 0.2, 1)
	mouse("mouseMoved", 0.25, 1)
	mouse("mouseMoved", 0.3, 1)
	mouse("mouseReleased", 0.3, 0)
	p.until(fmt.Sprintf(`document.getElementById("range").textContent !== %q`, whole))
	if s := p.text(`document.getElementById("range").textContent`); !strings.HasPrefix(s, "2026-11-24 19:31") || strings.Contains(s, "11-26") {
		t.Errorf("the axis shows %q", s)
	}
	p.quiet(t, path)
}

func testFailed(t *testing.T, p *tab) {
	path := p.opened(t, failed)
	var rows []int
	p.eval(`[document.querySelectorAll("#grid-body tr[role=row]").length, Number(document.getElementById("grid").getAttribute("aria-rowcount"))]`, &rows)
	if rows[0] > 60 || rows[1] != manyFailed+1 {
		t.Errorf("%d rows are elements, of %d", rows[0], rows[1])
	}
	if s := p.text(firstRow); !strings.HasPrefix(s, "2\t") || !strings.Contains(s, "RECORD_LOCKED") {
		t.Errorf("%q", s)
	}

	p.search("invalid_data", "20,000 of 100,000 rows")
	p.search("locked 3652397000000465001", "0 of 100,000 rows")
	p.search("", "100,000 rows")
	id := p.text(`document.querySelector("#grid-body .c-related").textContent`)
	p.search(id[4:], "1 of 100,000 rows")
	p.search("", "100,000 rows")
	p.eval(`[...document.querySelectorAll("#statuses input")].find(b => b.parentNode.textContent.startsWith("failed")).click()`, nil)
	if s := p.text(firstRow); !strings.Contains(s, "unknown") {
		t.Errorf("%q", s)
	}
	p.eval(`[...document.querySelectorAll("#statuses input")].find(b => b.parentNode.textContent.startsWith("failed")).click()`, nil)

	// Sorted down by line, the last row comes first.
	p.eval(`document.querySelector("#grid-head .c-line button").click()`, nil)
	if s := p.text(firstRow); !strings.HasPrefix(s, "200000\t") || p.text(`document.querySelector("#grid-head .c-line").getAttribute("aria-sort")`) != "descending" {
		t.Errorf("%q", s)
	}
	// The keyboard goes to the end.
	p.eval(`document.getElementById("grid").focus()`, nil)
	p.do("Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "key": "End"})
	p.until(`(document.getElementById(document.getElementById("grid").getAttribute("aria-activedescendant")) || document.body).getAttribute("aria-rowindex") === "100001"`)
	if s := p.text(`document.getElementById("detail").innerText`); !strings.Contains(s, "RECORD_LOCKED") || !strings.Contains(s, "Attempts") {
		t.Errorf("%q", s)
	}
	// A cause leads to its rows, and their ids can be copied.
	p.eval(`document.querySelector(".causes button").click()`, nil)
	p.until(`document.getElementById("found").textContent.includes(" of ")`)
	p.search(id, "1 of 100,000 rows")
	p.copies(t, id)
	p.search("", "100,000 rows")
	p.scrolls(t)
	p.contrast(t)
	p.shots(t, *pictures, "failed")
	p.fits(t)
	if pdf := p.print(); !strings.HasPrefix(string(pdf), "%PDF") || len(pdf) < 20_000 {
		t.Errorf("%d bytes are printed", len(pdf))
	}
	p.quiet(t, path)
}

// copies copies the ids of the rows that are found, of which there is one.
func (p *tab) copies(t *testing.T, id string) {
	t.Helper()
	p.eval(`navigator.clipboard.writeText = async text => { window.copied = text; }`, nil) // the user's clipboard is left alone
	p.eval(`document.querySelector("[data-copy=related]").click()`, nil)
	p.until(`document.getElementById("found").textContent === "1 id copied"`)
	if s := p.text(`window.copied`); s != id+"\n" {
		t.Errorf("%q is copied, not %s", s, id)
	}
}

// scrolls measures how long it takes to search, to sort and to draw when the table is scrolled.
func (p *tab) scrolls(t *testing.T) {
	t.Helper()
	var ms []float64
	p.eval(`(async () => {
		const s = document.getElementById("scroller"), all = [];
		for (let i = 0; i < 100; i++) {
			const began = performance.now();
			s.scrollTop = (i * 31337 * 97) % s.scrollHeight;
			await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
			all.push(performance.now() - began);
		}
		const began = performance.now();
		document.querySelector("#grid-head .c-related button").click();
		const sorted = performance.now() - began;
		return [all.sort((a, b) => a - b)[90], sorted];
	})()`, &ms)
	t.Logf("90 %% of jumps took less than %.0f ms, and sorting %.0f ms", ms[0], ms[1])
	if ms[0] > 500 || ms[1] > 5000 { // far more than it takes, for machines under load
		t.Errorf("it is slow: %v", ms)
	}
}

// contrast makes sure that texts can be read, in both themes.
func (p *tab) contrast(t *testing.T) {
	t.Helper()
	for _, dark := range []bool{false, true} {
		p.look(1280, 900, dark)
		var faint []string
		p.eval(`(() => {
			const rgb = s => (s.match(/[\d.]+/g) || []).map(Number);
			const light = c => c.slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
			const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
			const faint = new Set();
			for (const e of document.querySelectorAll("body *")) {
				if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || !e.checkVisibility() || e.closest("svg, script, style, noscript")) continue;
				const a = light(rgb(getComputedStyle(e).color)), b = light(behind(e));
				const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
				if (ratio < 4.5) faint.add(e.tagName + "." + e.className + " " + ratio.toFixed(2));
			}
			return [...faint];
		})()`, &faint)
		if len(faint) > 0 {
			t.Errorf("dark %v: %v", dark, faint)
		}
	}
}

func testAttacked(t *testing.T, p *tab) {
	path := p.opened(t, attacked)
	var n []int
	p.eval(`[document.querySelectorAll("img, iframe, form, base, template, svg[onload]").length, document.scripts.length, document.querySelectorAll("style").length]`, &n)
	if !slices.Equal(n, []int{0, 4 - 1, 1}) {
		t.Errorf("foreign elements, scripts, styles: %v", n)
	}
	if s := p.text(`document.title`); s != attacked.name+" – delink report" {
		t.Errorf("%q", s)
	}
	// Each text is shown as it is, in the causes, in the table, and in full below it.
	shown := p.text(`document.querySelector(".causes").innerText`)
	for _, a := range []string{attacks[0], attacks[2], attacks[7], attacks[12]} {
		if !strings.Contains(shown, a) {
			t.Errorf("%s is not shown as it is", a)
		}
	}
	n = []int{0}
	for line := 2; line < attacked.links+2; line++ {
		if strings.Contains(attacks[line%len(attacks)], "onerror") {
			n[0]++
		}
	}
	p.search("onerror=", fmt.Sprintf("%d of 2,000 rows", n[0]))
	p.eval(`document.querySelector("#grid-body tr[role=row]").click()`, nil)
	if s := p.text(`document.getElementById("detail").innerText`); !strings.Contains(s, "<img src=") && !strings.Contains(s, "<IMG") {
		t.Errorf("%q", s)
	}
	p.shots(t, *pictures, "attacked")
	p.fits(t)
	p.quiet(t, path)
}

// The policy holds: what an attack would do, if a text became markup, is not done.
func testPolicy(t *testing.T, p *tab) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	p.opened(t, clean)
	p.eval(`(async () => {
		const url = `+fmt.Sprintf("%q", server.URL)+`;
		window.ran = [];
		const add = (tag, set) => { const e = document.createElement(tag); Object.assign(e, set); document.body.append(e); return e; };
		add("img", {src: url + "/img"});
		add("script", {textContent: "window.ran.push('script')"});
		add("script", {src: url + "/script"});
		add("iframe", {src: url + "/frame"});
		add("link", {rel: "stylesheet", href: url + "/style"});
		add("video", {src: url + "/video"});
		add("div", {innerHTML: "<img src=x onerror=\"window.ran.push('handler')\"><style>body{color:red}</style>"});
		try { await fetch(url + "/fetch"); window.ran.push("fetch"); } catch {}
		try { await new Promise((done, not) => { const s = new WebSocket(url.replace("http", "ws")); s.onopen = done; s.onerror = not; }); window.ran.push("socket"); } catch {}
		navigator.sendBeacon(url + "/beacon");
		try { (0, eval)("window.ran.push('eval')"); } catch {}
		try { new Function("window.ran.push('function')")(); } catch {}
		const form = add("form", {action: url + "/form", method: "post"});
		form.submit();
		await new Promise(done => setTimeout(done, 300));
	})()`, nil)
	var ran []string
	if p.eval(`window.ran`, &ran); len(ran) > 0 || asked.Load() > 0 {
		t.Errorf("%v ran, and %d requests came", ran, asked.Load())
	}
	_, troubles := p.heardOf()
	if all := strings.Join(troubles, " "); !strings.Contains(all, "img-src") || !strings.Contains(all, "script-src-elem") || !strings.Contains(all, "connect-src") || !strings.Contains(all, "form-action") || !strings.Contains(all, "style-src-elem") {
		t.Errorf("what was forbidden is not told: %s", all)
	}
}
