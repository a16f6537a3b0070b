package data

import "math/rand/v2"

// Random numbers are drawn from streams of their own, so that adding a transform moves no shuffle.
const (
	streamOrder   = 1 + iota // the order of an epoch
	streamExample            // the transforms of one example in one epoch
	streamMixup              // the partners and weights of one batch
	streamSplit              // splits and limits
	streamShapes             // drawn pictures
	streamFlip               // the first way of pictures whose flips alternate
)

// mix is a bijection of 64 bits in which every input bit moves every output bit: the finaliser of SplitMix64 (Steele,
// Lea, Flood 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// golden is 2^64 divided by the golden ratio, SplitMix64's increment.
const golden = 0x9e3779b97f4a7c15

// seedPCG starts the generator of (seed, stream, a, b), without allocating.
func seedPCG(g *rand.PCG, seed uint64, stream, a, b int) {
	h := mix(seed + golden)
	for _, v := range [3]int{stream, a, b} {
		h = mix(h + golden*uint64(v+1))
	}
	g.Seed(h, mix(h+golden))
}

// permutation is a random order of 0..n-1, all orders being equally likely (Fisher-Yates).
func permutation(n int, seed uint64, stream, a int) []int {
	var g rand.PCG
	seedPCG(&g, seed, stream, a, 0)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	shuffle(order, rand.New(&g))
	return order
}

func shuffle(order []int, r *rand.Rand) {
	for i := len(order) - 1; i > 0; i-- {
		j := r.Uint64N(uint64(i) + 1)
		order[i], order[j] = order[j], order[i]
	}
}
