package probe

import (
	"fmt"
	"strings"

	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// Target is the link that a probe takes.
type Target struct {
	Relation        zoho.Relation
	Parent, Related zoho.ID
}

// ParseTarget reads Module.List:PARENT:RELATED. List may be a label, as for value.ParseRelation.
func ParseTarget(s string) (Target, error) {
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return Target{}, fmt.Errorf("%q is not a link: write Module.List:PARENT:RELATED, with the ids of the two records", s)
	}
	r, err := value.ParseRelation(parts[0])
	if err != nil {
		return Target{}, err
	}
	t := Target{Relation: r}
	for i, to := range []*zoho.ID{&t.Parent, &t.Related} {
		text := parts[i+1]
		if *to, err = zoho.ParseID(strings.TrimPrefix(text, "zcrm_")); err != nil {
			return Target{}, fmt.Errorf("%q %w", text, err)
		}
	}
	return t, nil
}

func (t Target) String() string { return fmt.Sprintf("%s:%s:%s", t.Relation, t.Parent, t.Related) }

// from is the same link seen from the related record, in the relation other.
func (t Target) from(other zoho.Relation) Target {
	return Target{Relation: other, Parent: t.Related, Related: t.Parent}
}
