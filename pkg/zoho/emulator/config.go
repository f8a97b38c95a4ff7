package emulator

import "delink/pkg/zoho/emulator/knob"

// The configuration, its knobs and the types of their values are those of package knob.
type (
	Config    = knob.Config
	Knob      = knob.Knob
	Span      = knob.Span
	Share     = knob.Share
	Names     = knob.Names
	IDs       = knob.IDs
	IDCodes   = knob.IDCodes
	NameCodes = knob.NameCodes
	Fault     = knob.Fault
	Mix       = knob.Mix
	Chance    = knob.Chance
	Script    = knob.Script
	Step      = knob.Step
)

// Default returns the configuration with every default filled in.
func Default() Config { return knob.Default() }

// Knobs lists all knobs, in the order of [Config].
func Knobs() []Knob { return knob.List() }
