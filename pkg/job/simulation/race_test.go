//go:build race

package simulation

const (
	fewSeeds = 50 // which take as long as 300 without the race detector
	shuffled = true
)
