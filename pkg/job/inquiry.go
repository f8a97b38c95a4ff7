package job

import (
	"context"

	"delink/pkg/relation"
	"delink/pkg/worker"
	"delink/pkg/zoho"
)

// Inquiry is what an org says of itself and of one relation.
type Inquiry struct {
	Org      *zoho.Org         // nil if it is not known
	Identity zoho.Identity     // as far as it is known
	Relation zoho.Relation     // with the list's API name, where the org calls the list so
	Problem  *relation.Problem // why the relation cannot be delinked; nil if it can
	Asked    int               // calls that reached the org
	Notes    []string          // what the org did not say, for people
	Err      error             // why no call can be made: the login is refused, or there is no connection
}

// Inquire asks an org about itself and a relation, and more questions at the same time.
func Inquire(ctx context.Context, conn *Connection, r zoho.Relation, c Limits, also ...*worker.Question) Inquiry {
	a := inquire(ctx, conn, []string{r.Module}, nil, c, also...)
	named := a.named(r)
	return Inquiry{Org: a.org, Identity: a.identity, Relation: named, Problem: a.problem(named, nil), Asked: a.asked, Notes: a.notes, Err: a.refused}
}
