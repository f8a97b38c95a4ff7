package job

import (
	"io"
	"slices"

	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// RelationsOf gives the relations of an input, in the order in which they come, and does not judge
// them. Rows that cannot be used are passed over; bad is how many there are.
func RelationsOf(input string, stdin io.Reader, o reader.Options) (relations []zoho.Relation, bad int, err error) {
	src, err := openSource(input, stdin, "")
	if err != nil {
		return nil, 0, err
	}
	defer src.first.Close()
	in, err := reader.New(src.name, src.first, o)
	if err != nil {
		return nil, 0, InputRefusal(err)
	}
	for row, err := range in.Rows() {
		switch r := row.Link.Relation; {
		case err != nil:
			return nil, 0, InputRefusal(err)
		case row.Err != nil:
			bad++
		case len(relations) > 0 && relations[len(relations)-1] == r, slices.Contains(relations, r):
		default:
			relations = append(relations, r)
		}
	}
	return relations, bad, nil
}
