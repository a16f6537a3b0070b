package loop

import "testing"

// BenchmarkUrn measures draws of one run; an iteration is one day with one patrol.
func BenchmarkUrn(b *testing.B) {
	for name, u := range map[string]Urn{
		"areas=2": two(.6, .5, 60, 40),
		"areas=3": three(Reject),
	} {
		b.Run(name, func(b *testing.B) {
			p := newUrnProcess(u.withDefaults(), newRNG(1))
			for b.Loop() {
				p.day()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mdraws/s")
		})
	}
}
