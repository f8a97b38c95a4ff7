package doctor

import (
	"slices"
	"strings"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
	"delink/pkg/zoho/login"
)

// scopeChecks say which scopes the login has: by asking where a call that changes nothing needs the
// scope, else by the list that the login came with.
func (f *Findings) scopeChecks() []Check {
	if f.Refused != nil {
		return []Check{trouble(Scope, "", unasked)}
	}
	checks := []Check{
		f.scopeAsked(login.ScopeOrg, "to show the org and its limits", f.org.err),
		f.scopeAsked(login.ScopeLists, "to see which relations can be delinked", f.listsErr()),
	}
	for _, module := range f.modules() {
		of := "ZohoCRM.modules." + strings.ToLower(module) + "."
		err := f.readable[module].err
		checks = append(checks, f.scopeAsked(of+"READ", "to look links up (verify, undo, export)", err))
		if err != nil && err.Has(zoho.CodeInvalidModule) {
			continue
		}
		checks = append(checks,
			f.scopeListed(of+"DELETE", "to remove links (run)"),
			f.scopeListed(of+"UPDATE", "to link again (undo)"))
	}
	if len(f.modules()) > 0 {
		checks = append(checks,
			f.scopeAsked(login.ScopeViews, "to find parent records by a custom view (export)", f.views.err),
			f.scopeAsked(login.ScopeQuery, "to find parent records by a condition (export)", f.query.err))
	}
	return checks
}

// listsErr is why no module's related lists were told; nil if those of some were.
func (f *Findings) listsErr() *zoho.Error {
	err := unasked
	for _, module := range f.modules() {
		if err = f.lists[module].err; err == nil {
			return nil
		}
	}
	return err
}

// scopeAsked is the check of a scope that a call needed which ended with err. use is what delink
// needs the scope for.
func (f *Findings) scopeAsked(scope, use string, err *zoho.Error) Check {
	switch {
	case err == nil:
		return Check{Name: Scope, About: scope, State: OK, Found: "granted, " + use}
	case lacksScope(err):
		return lacking(scope, use)
	case err.Has(zoho.CodeInvalidModule):
		return Check{Name: Scope, About: scope, State: Unknown, Found: "the org has no such module, or does not show it to this user"}
	}
	c := trouble(Scope, scope, err)
	if c.State == Trouble {
		c.Found = "needed " + use + ", and refused: " + c.Found
	}
	return c
}

// lacksScope reports whether a call was refused for want of a scope. Not every such refusal has the
// code of its own (docs/zoho-api.md, section 3).
func lacksScope(e *zoho.Error) bool {
	return e.Has(zoho.CodeScopeMismatch) || e.Status == 401 && (e.Kind == zoho.Denied || e.Kind == zoho.BadToken)
}

func lacking(scope, use string) Check {
	return Check{Name: Scope, About: scope, State: Trouble, Lacks: true, Found: "the login does not have it; needed " + use, Exit: outcome.ExitFailures}
}

// scopeListed is the check of a scope that cannot be asked for without changing something.
func (f *Findings) scopeListed(scope, use string) Check {
	var granted []string
	if f.Of.Granted != nil {
		granted = f.Of.Granted()
	}
	switch {
	case len(granted) == 0:
		return Check{Name: Scope, About: scope, State: Unknown, Found: "needed " + use + "; cannot be checked without a change in the CRM, and Zoho did not list the scopes of this login"}
	case grants(granted, scope):
		return Check{Name: Scope, About: scope, State: OK, Found: "granted (as listed with the login), " + use}
	}
	return lacking(scope, use)
}

// grants reports whether a list of scopes has the scope of a module, or a larger one. Modules were
// seen with and without their underscores: price_books, pricebooks.
func grants(granted []string, scope string) bool {
	at := strings.LastIndex(scope, ".")
	module, operation := scope[:at], scope[at:]
	module = strings.TrimPrefix(module, "ZohoCRM.modules.")
	return slices.ContainsFunc(granted, func(g string) bool {
		for _, name := range []string{module, strings.ReplaceAll(module, "_", "")} {
			if strings.EqualFold(g, "ZohoCRM.modules."+name+operation) || strings.EqualFold(g, "ZohoCRM.modules."+name+".ALL") {
				return true
			}
		}
		return strings.EqualFold(g, "ZohoCRM.modules.ALL")
	})
}
