// Package simulation runs whole jobs in its test, each from one number, the seed: an input, a Zoho
// CRM with its odd sides and bad days, a disk that fills up or loses power, kills at any moment,
// signals and limits; then the job goes on with what is left on the disk, until it is done, and the
// CRM's books are held against what the files say.
//
//	go test ./pkg/job/simulation -run Simulation            300 seeds
//	go test ./pkg/job/simulation -run Simulation -seed 17   one of them, with all that happens in it
//	DELINK_SEEDS=2000 go test ./pkg/job/simulation          more seeds; -from says where they begin
//	make soak SEEDS=100000                                  as many as there is time for
//	make soak-kill KILLS=200                                the real program, and real kills
//
// All is real but the disk's system calls, the network, which is in memory, and the time, which is
// that of a testing/synctest bubble: job, pool, client, net/http on both sides, and the emulator.
// No two things happen at the same moment of that time, so a seed always has the same run.
//
//	scenario  what a seed stands for: input, CRM, and what befalls each life
//	disk      files that know what is written, what is synced, and which names are safe
//	wire      the network, and the witness of every call
//	life      one process, from its start to its end or its death
//	check     what must hold
//	kill      the same with nothing simulated, if -kills asks for it
package simulation
