package reader

import (
	"delink/pkg/reader/text"
	"delink/pkg/reader/value"
	"delink/pkg/zoho"
)

// Remedy is what Options can do about an InputError: one of the types below. How a user sets
// Options is the program's to say.
type Remedy interface{ isRemedy() }

type (
	// GiveDelimiter is to say what separates columns: Delimiter, or if that is 0, what the user
	// knows.
	GiveDelimiter struct{ Delimiter byte }

	// OmitDelimiter is to have the delimiter found out.
	OmitDelimiter struct{}

	// GiveEncoding is to say how the text is encoded. Likely has the encodings that it may be in, the
	// likeliest first; only the user knows.
	GiveEncoding struct{ Likely []Reading }

	// Reading is how what is wrong with a text reads in an encoding; empty if it is sure that the text
	// is in this encoding.
	Reading struct {
		Encoding text.Encoding
		Reads    string
	}

	// CorrectEncoding is to say another encoding, or none. Is is the right one if it is sure, else
	// zero.
	CorrectEncoding struct{ Is text.Encoding }

	// ChooseColumns is to say which column is which, since there is more than one way. Example is
	// one of them.
	ChooseColumns struct{ Example Columns }

	// CorrectColumns is to change what Options.Columns say.
	CorrectColumns struct{}

	// Complete is to say what the header does not.
	Complete struct {
		Constants []string        // what can be given for all rows: module, parent_id, relation
		Columns   []string        // what has to be in a column whose name is not known: parent_id, …
		Relations []zoho.Relation // what the columns can be about, if that is all that is missing and there are few
		For       zoho.Relation   // the relation for which columns were looked for, as far as it is known
		OnlyID    string          // the only column with ids, if it may be the parent's or the related record's; else empty
	}
)

func (GiveDelimiter) isRemedy()   {}
func (OmitDelimiter) isRemedy()   {}
func (GiveEncoding) isRemedy()    {}
func (CorrectEncoding) isRemedy() {}
func (ChooseColumns) isRemedy()   {}
func (CorrectColumns) isRemedy()  {}
func (Complete) isRemedy()        {}

// OptionError says which of Options is wrong whatever the input is.
type OptionError struct {
	Part    string         // module, parent_id or relation
	Value   string         // what Options give for all rows
	Problem *value.Problem // what is wrong with Value; nil if Options name a column for the part, too
}

// Error is what is wrong with the option.
func (e *OptionError) Error() string {
	if e.Problem == nil {
		return "the " + e.Part + " is given for all rows, and as a column"
	}
	return e.Part + ` "` + shorten(e.Value) + `" ` + e.Problem.Reason
}
