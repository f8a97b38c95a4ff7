//go:build !race

package simulation

const fewSeeds = 300
