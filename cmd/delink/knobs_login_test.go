package main

import (
	"slices"
	"strings"
	"testing"
)

// Tokens die in the middle of a run, in every form that the refusal can have, and no link is lost.
func TestKnobsOfTokens(t *testing.T) {
	renewed := product(values("code-form"), values("expires-in-ms"), choice{"token-calls", []string{"0", "4"}})
	others := []choice{values("token-code"), values("decor"), values("details-form"), values("wording"), values("id-form")}
	each(t, renewed, others, func(t *testing.T, settings []string) {
		dies := slices.Contains(settings, "token-calls=4")
		trial{
			// Two minutes of life less the margin: a token is renewed before it ends, if it is
			// known when that is.
			knobs: append([]string{"token-life=2m", "latency=10s"}, settings...),
			args:  []string{"--concurrency", "2"},
			links: manyParents(30),
		}.run(t, func(o *aftermath) {
			o.fates()
			if o.summary.Removed != 60 {
				o.Errorf("%d links removed", o.summary.Removed)
			}
			if n := o.books.Codes[value(settings, "token-code")]; dies != (n > 0) {
				o.Errorf("%d calls with a token that was dead", n)
			}
			if most := map[bool]int{false: 4, true: 12}[dies]; o.books.Tokens > most || o.books.Denied > 0 {
				o.Errorf("%d tokens", o.books.Tokens)
			}
		})
	})
}

// A login that is refused ends the run before the first call, exit 4, and the token endpoint is
// asked once.
func TestKnobsOfRefusedLogins(t *testing.T) {
	each(t, product(values("token-errors"), values("denied-status")), []choice{values("decor")}, func(t *testing.T, settings []string) {
		for _, c := range []struct{ variable, text, hint string }{
			{"ZOHO_REFRESH_TOKEN", "the refresh token is not accepted", "--dc"},
			{"ZOHO_CLIENT_ID", "the client id is not accepted", "ZOHO_CLIENT_ID"},
			{"ZOHO_CLIENT_SECRET", "the client secret is not accepted", "ZOHO_CLIENT_SECRET"},
		} {
			trial{name: c.variable, knobs: settings, env: map[string]string{c.variable: "1000.wrong"}, links: manyParents(3)}.run(t, func(o *aftermath) {
				o.refused(c.text, c.hint)
				if strings.Contains(o.stderr, "1000.wrong") {
					o.Error("it shows what was wrong")
				}
				if n := o.books.Calls["token"]; n != 1 {
					o.Errorf("the token endpoint was asked %d times", n)
				}
			})
		}
		// A token for each call is too many of them: ten in ten minutes, and then a lock-out that
		// asking prolongs.
		trial{name: "a token for each call", knobs: append([]string{"token-calls=1"}, settings...), args: []string{"--concurrency", "1"}, links: manyParents(12)}.run(t, func(o *aftermath) {
			o.refused("too many access tokens", "wait ten minutes")
			if o.books.Tokens != 10 || o.books.Denied != 1 {
				o.Errorf("%d tokens, and %d times asked in vain", o.books.Tokens, o.books.Denied)
			}
			if o.summary.Removed != 16 || o.summary.Pending != 8 {
				o.Errorf("%d removed", o.summary.Removed)
			}
		})
		// Of all that wait for a token, one is told, and tells the others.
		trial{name: "eight calls wait", knobs: append([]string{"token-calls=4", "latency=10ms"}, settings...), args: []string{"--concurrency", "8"}, links: manyParents(60)}.run(t, func(o *aftermath) {
			o.refused("too many access tokens", "wait ten minutes")
			if o.books.Tokens != 10 || o.books.Denied != 1 {
				o.Errorf("%d tokens, and %d times asked in vain", o.books.Tokens, o.books.Denied)
			}
		})
	})
	each(t, product(values("token-code"), values("code-form")), nil, func(t *testing.T, settings []string) {
		trial{knobs: append([]string{"tokens-refused=true"}, settings...), links: manyParents(12)}.run(t, func(o *aftermath) {
			o.refused("the access token is not accepted", "--dc")
			// Questions that are asked together can each have a token refused before the login is
			// judged.
			if o.books.Tokens > 3 || o.books.Calls["delink"] > 0 {
				o.Errorf("%d tokens", o.books.Tokens)
			}
		})
	})
}

// Scopes that are missing: what cannot be asked for is left out, and what cannot be done is said.
func TestKnobsOfScopes(t *testing.T) {
	eachScope(t, func(t *testing.T, with scoped, named, _ bool) {
		with("no lists", allModules, readOrg).run(t, func(o *aftermath) {
			o.fates()
			if named {
				o.says(readLists)
			}
		})
		with("no org", allModules, readLists).run(t, func(o *aftermath) {
			o.fates()
			if named {
				o.says(readOrg)
			}
		})
		with("no modules", readOrg, readLists).run(t, func(o *aftermath) {
			if o.code != 4 || o.books.Removed > 0 || o.books.Calls["delink"] > 2 {
				o.Errorf("exit code %d after %d calls", o.code, o.books.Calls["delink"])
			}
			if named {
				o.says(allModules)
			}
		})
		with("delete in the parent's module", "ZohoCRM.modules.campaigns.DELETE", readOrg, readLists).run(t, func(o *aftermath) { o.fates() })
	})
}

// Scopes that are there in part: for the delinks and not for the look-ups, for one list or module
// and not for the other.
func TestKnobsOfPartialScopes(t *testing.T) {
	eachScope(t, func(t *testing.T, with scoped, named, vague bool) {
		// Links that went unanswered cannot be looked up without the scope to read.
		blind := with("nothing can be read", "ZohoCRM.modules.campaigns.DELETE", readOrg, readLists)
		blind.knobs = append(blind.knobs, "missing-items=1")
		blind.args = append(blind.args, "--max-attempts", "2")
		blind.run(t, func(o *aftermath) {
			if vague {
				return
			}
			if o.code != 3 || o.summary.Unknown != 8 || o.books.Calls["read"] != 1 {
				o.Errorf("exit code %d, %d unknown, %d reads", o.code, o.summary.Unknown, o.books.Calls["read"])
			}
			if named {
				o.says("cannot be looked up")
			}
		})

		// One of two lists: what was not sent to the other waits for the scope.
		half := with("one of two lists", "ZohoCRM.modules.products.ALL", readOrg, readLists)
		half.links = append(manyParents(3), fate{"Products", someProduct, "Leads", someLead, true, gone})
		half.links = denied(half.links, 6, 2)
		half.run(t, func(o *aftermath) {
			if vague {
				if o.code != 4 || o.books.Tokens > 3 {
					o.Errorf("exit code %d after %d tokens", o.code, o.books.Tokens)
				}
				return
			}
			o.fates()
			if n := o.books.Calls["delink"]; o.code != 4 || n != 2 {
				o.Errorf("exit code %d after %d calls", o.code, n)
			}
		})

		// Both modules of a list.
		both := with("both modules", "ZohoCRM.modules.campaigns.DELETE", "ZohoCRM.modules.leads.DELETE", readOrg, readLists)
		both.knobs = append(both.knobs, "scope-both=true")
		both.run(t, func(o *aftermath) { o.fates() })
		one := with("one of both modules", "ZohoCRM.modules.campaigns.DELETE", readOrg, readLists)
		one.knobs = append(one.knobs, "scope-both=true")
		one.run(t, func(o *aftermath) {
			if o.code != 4 || o.books.Calls["delink"] > 2 {
				o.Errorf("exit code %d after %d calls", o.code, o.books.Calls["delink"])
			}
		})
	})
}

// The scopes that a login can have.
const allModules, readOrg, readLists = "ZohoCRM.modules.ALL", "ZohoCRM.org.READ", "ZohoCRM.settings.related_lists.READ"

// scoped makes a trial of a login with these scopes.
type scoped func(name string, scopes ...string) trial

// eachScope tries each way in which the CRM can refuse a call for want of a scope. named says that
// it gives the code for that, vague that the refusal looks like that of a token.
func eachScope(t *testing.T, try func(t *testing.T, with scoped, named, vague bool)) {
	forms := product(values("scope-status"), values("code-form"))
	each(t, forms, []choice{values("details-form"), values("wording"), values("decor")}, func(t *testing.T, settings []string) {
		named := slices.Contains(settings, "code-form=string")
		vague := !named && slices.Contains(settings, "scope-status=401")
		try(t, func(name string, scopes ...string) trial {
			return trial{
				name:  name,
				knobs: append([]string{"scopes=" + strings.Join(scopes, ",")}, settings...),
				args:  []string{"--concurrency", "1"},
				links: manyParents(4),
			}
		}, named, vague)
	})
}
