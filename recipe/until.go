package recipe

import (
	"math"
	"strconv"
	"strings"

	"github.com/atelier-go/atelier/learn"
)

// changes are what Options say, as settings of fields, each with what messages call it.
func (o Options) changes() (settings, names []string) {
	add := func(flag, field, value string) {
		settings = append(settings, field+"="+value)
		names = append(names, flag+" "+strings.Trim(value, `"`))
	}
	for _, s := range o.Set {
		settings, names = append(settings, s), append(names, "--set "+s)
	}
	if o.Until != (learn.Goal{}) {
		add("--until", "until", o.Until.String())
	}
	if o.PricePerHour != 0 {
		add("--price-per-hour", "price_per_hour", strconv.FormatFloat(o.PricePerHour, 'f', -1, 64))
	}
	if o.Precision != "" {
		add("--precision", "precision", strconv.Quote(o.Precision))
	}
	return settings, names
}

// checkUntil wants a goal that the run measures, and a price for nothing else.
func (r *Recipe) checkUntil(d *decoder) {
	if p := r.PricePerHour; !(p >= 0) || math.IsInf(p, 0) {
		d.wrong(r.lines["price_per_hour"], "price_per_hour is %v: want USD, a number that is not negative", p)
	}
	if r.Until == (learn.Goal{}) {
		if r.PricePerHour > 0 {
			d.wrong(r.lines["price_per_hour"], "there is a price per hour, and no goal whose cost it could tell: want until, as in top1=0.94")
		}
		return
	}
	var metrics []string
	for _, m := range r.metrics() {
		metrics = append(metrics, string(m))
	}
	measured := learn.MetricNames(metrics, true, r.EMA.Decay > 0, r.SWA.Start > 0, r.TTA.Level > 0)
	if _, err := r.Until.In(measured); err != nil {
		d.wrong(r.lines["until"], "until: %v", err)
	}
}
