package job

import (
	"io"
	"slices"

	"delink/pkg/reader"
	"delink/pkg/zoho"
)

// EachRow reads an input without a job. It calls good with each row that can be used, whose text is
// valid until good returns, and bad with each other one. An error of good ends the reading.
func EachRow(input string, stdin io.Reader, o reader.Options, good func(*reader.Header, *reader.Row) error, bad func(*reader.RowError)) error {
	src, err := openSource(input, stdin, "")
	if err != nil {
		return err
	}
	defer src.first.Close()
	in, err := reader.New(src.name, src.first, o)
	if err != nil {
		return InputRefusal(err)
	}
	for row, err := range in.Rows() {
		switch {
		case err != nil:
			return InputRefusal(err)
		case row.Err != nil:
			bad(row.Err)
		default:
			if err := good(in.Header(), row); err != nil {
				return err
			}
		}
	}
	return nil
}

// RelationsOf gives the relations of an input, in the order in which they come, and does not judge
// them. Rows that cannot be used are passed over; bad is how many there are.
func RelationsOf(input string, stdin io.Reader, o reader.Options) (relations []zoho.Relation, bad int, err error) {
	err = EachRow(input, stdin, o, func(_ *reader.Header, row *reader.Row) error {
		r := row.Link.Relation
		if last := len(relations) - 1; last < 0 || relations[last] != r && !slices.Contains(relations, r) {
			relations = append(relations, r)
		}
		return nil
	}, func(*reader.RowError) { bad++ })
	if err != nil {
		return nil, 0, err
	}
	return relations, bad, nil
}
