package simulation

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

var kills = flag.Int("kills", 0, "how often TestKills kills the real program")

const (
	killSlots = 10
	killBatch = 20
)

// The same with nothing simulated: the program itself, killed with SIGKILL at any moment while it
// talks to an emulator in another process, and started again until it is done.
func TestKills(t *testing.T) {
	if *kills == 0 {
		t.Skip("takes a minute and a half: -kills 200 runs it")
	}
	seed := time.Now().UnixNano()
	if *oneSeed > 0 {
		seed = int64(*oneSeed)
	}
	k := &killer{t: t, dice: dice{rand.New(rand.NewPCG(uint64(seed), 9))}, folder: t.TempDir()}
	t.Logf("seed %d", seed) // of the draws; the moments are those of the machine
	k.delink = filepath.Join(k.folder, "delink")
	if out, err := exec.Command("go", "build", "-o", k.delink, "delink/cmd/delink").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	k.emulate()
	for round := 1; k.killed < *kills && !t.Failed(); round++ {
		k.round(round)
	}
	t.Logf("%d kills, of which %d tore a row, and %d rows torn by hand", k.killed, k.tornByKill, k.tornByHand)
}

type killer struct {
	dice
	t           *testing.T
	folder      string
	delink, url string
	env         []string

	killed, tornByKill, tornByHand int
}

// emulate starts the emulator. Every link exists there until it is removed.
func (k *killer) emulate() {
	cmd := exec.Command(k.delink, "emulator", "--set", "links=all", "--set", "latency=5ms..60ms", "--set", "credits=none",
		"--set", "token-limits=off", "--set", "faults=drop-after:1%,500:1%", "--set", "missing-items=0.002")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	k.env = append(os.Environ(), "XDG_CACHE_HOME="+k.folder, "XDG_CONFIG_HOME="+k.folder, "HOME="+k.folder)
	for lines := bufio.NewScanner(out); len(k.env) == 0 || !strings.HasPrefix(k.env[len(k.env)-1], "ZOHO_REFRESH_TOKEN="); {
		if !lines.Scan() {
			k.t.Fatal("the emulator did not start")
		}
		v := strings.TrimPrefix(lines.Text(), "export ")
		k.env = append(k.env, v)
		if url, ok := strings.CutPrefix(v, "ZOHO_API_DOMAIN="); ok {
			k.url = url
		}
	}
}

// round is one input, from its first kill to its end.
func (k *killer) round(n int) {
	t := k.t
	input := filepath.Join(k.folder, fmt.Sprintf("links%d.csv", n))
	results := strings.TrimSuffix(input, ".csv") + ".results.csv"
	links := map[link]bool{}
	var b bytes.Buffer
	b.WriteString("module,parent_id,relation,related_id\n")
	for i := range k.between(500, 4000) {
		l := link{"Campaigns", strconv.Itoa(firstParent + n), "Leads", strconv.Itoa(firstRelated + i)}
		if k.chance(0.5) {
			l.parent = strconv.Itoa(firstParent + 1000*n + k.IntN(20))
		}
		links[l] = true
		fmt.Fprintf(&b, "%s,%s,%s,%s\n", l.module, l.parent, l.list, l.related)
	}
	if err := os.WriteFile(input, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	before := k.killed
	for {
		code, text := k.run(input, k.killed < *kills)
		if code >= 0 {
			if code != 0 {
				t.Errorf("round %d: exit %d\n%s", n, code, text)
			}
			break
		}
		k.killed++
		k.tear(results)
	}
	k.check(n, results, links, k.killed-before)
}

// run runs the program and kills it after a while, if it is to be. It gives -1 if it was killed.
func (k *killer) run(input string, kill bool) (code int, text string) {
	ctx, cancel := context.WithCancel(context.Background())
	if kill { // it is up after some 20 ms
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, k.duration(10*time.Millisecond, 500*time.Millisecond))
		defer stop()
	}
	defer cancel()
	cmd := exec.CommandContext(ctx, k.delink, "run", input, "--yes", "--quiet",
		"--concurrency", strconv.Itoa(killSlots), "--batch-size", strconv.Itoa(killBatch))
	var errs bytes.Buffer
	cmd.Env, cmd.Stderr = k.env, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, ""
	case errors.As(err, &exit):
		return exit.ExitCode(), errs.String()
	}
	k.t.Fatal(err)
	return 0, ""
}

// tear tears the results as a kill in the middle of a write would.
func (k *killer) tear(results string) {
	data, err := os.ReadFile(results)
	if err != nil || len(data) == 0 {
		return
	}
	if data[len(data)-1] != '\n' {
		k.tornByKill++
		return
	}
	if !k.chance(0.3) {
		return
	}
	k.tornByHand++
	row := "17,Campaigns,3652397000000100001,Leads,3652397000000500001,removed,SUCCESS,relation removed,200,1,2026-11-24T"
	f, err := os.OpenFile(results, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(row[:k.between(1, len(row))])
	}
	if err = errors.Join(err, f.Close()); err != nil {
		k.t.Fatal(err)
	}
}

// check holds the results of a round against the emulator's books.
func (k *killer) check(n int, results string, links map[link]bool, kills int) {
	t := k.t
	data, err := os.ReadFile(results)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := readRows(data)
	if err != nil {
		t.Fatalf("round %d: %v; the results end in\n%s", n, err, data[max(0, len(data)-600):])
	}
	told := map[link]bool{}
	attempts := map[link]int{}
	for _, r := range rows[1:] {
		l := link{r[1], r[2], r[3], r[4]}
		if told[l] || !links[l] {
			t.Errorf("round %d: %v is there twice, or is not in the input", n, l)
		}
		told[l] = true
		attempts[l], _ = strconv.Atoi(r[9])
		if r[5] != "removed" && r[5] != "gone" {
			t.Errorf("round %d: %v is %s", n, l, r[5])
		}
	}
	if len(told) != len(links) {
		t.Errorf("round %d: %d results for %d links", n, len(told), len(links))
	}
	again := 0
	for l, b := range k.books() {
		if !links[l] {
			continue
		}
		if b.linked {
			t.Errorf("round %d: %v is still linked", n, l)
		}
		if b.sent > attempts[l] { // by a life whose record of it is lost
			again++
		}
	}
	if most := 2 * kills * killSlots * killBatch; again > most {
		t.Errorf("round %d: %d kills made %d links go out again, at most %d should", n, kills, again, most)
	}
}

type booked struct {
	linked bool
	sent   int
}

func (k *killer) books() map[link]booked {
	resp, err := http.Get(k.url + "/_emulator/links")
	if err != nil {
		k.t.Fatal(err)
	}
	defer resp.Body.Close()
	rows, err := csv.NewReader(resp.Body).ReadAll()
	if err != nil {
		k.t.Fatal(err)
	}
	books := map[link]booked{}
	for _, r := range rows[1:] {
		sent, _ := strconv.Atoi(r[5])
		books[link{r[0], r[1], r[2], r[3]}] = booked{r[4] == "true", sent}
	}
	return books
}
