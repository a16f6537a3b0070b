package table

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
)

// Counts are how many rows have each combination of values.
type Counts struct {
	// Columns are the names of all columns that the rows have.
	Columns []string
	// Rows are all rows that were read, whether or not they meet Spec.Where.
	Rows int64
	// Values are, of each column of the spec that is a category, its values in ascending order; Bins of each that is a
	// number. The other is nil.
	Values [][]string
	Bins   [][]Bin
	// Crosses are the counts of each of Spec.Crosses.
	Crosses []Cross
	// Twins are the columns of the spec whose names occurred several times, with equal values in all rows.
	Twins []string

	spec *Spec
}

// Bin is a range of numbers. Where From equals To it is that number alone, and else has numbers from From to below To.
type Bin struct{ From, To float64 }

// Cross is the count of a set of columns.
type Cross struct {
	// Columns are indices of Spec.Columns.
	Columns []int
	// Cells are those that have rows, ordered by their codes and then by their masks.
	Cells []Cell
}

// Cell is a combination of values.
type Cell struct {
	// Codes are indices of the columns' Values or Bins; -1 of a missing number.
	Codes []int
	// Mask has bit i set where the rows meet Spec.Filters[i].
	Mask uint32
	N    int64
	// W is the sum of weights, and W2 of their squares; zero where there are none.
	W, W2 float64
}

// finish returns what the worker counted.
func (w *worker) finish() (*Counts, error) {
	c := &Counts{Rows: w.rows, spec: w.spec, Values: make([][]string, len(w.coders)), Bins: make([][]Bin, len(w.coders))}
	for _, counter := range w.counters {
		if err := counter.settle(); err != nil {
			return nil, err
		}
	}
	decode := make([]func(uint32) int, len(w.coders))
	for i, k := range w.coders {
		if k.column.Kind == Category {
			c.Values[i], decode[i] = k.values()
		} else {
			used := map[uint32]bool{}
			for x, cross := range w.spec.Crosses {
				if j := slices.Index(cross, i); j >= 0 {
					p := w.counters[x].places[j]
					for _, s := range w.counters[x].slots {
						if s.n != 0 {
							used[p.get(&s.key)] = true
						}
					}
				}
			}
			c.Bins[i], decode[i] = k.bins(used)
		}
	}
	for x, columns := range w.spec.Crosses {
		if !w.counters[x].finite() {
			return nil, errors.New("the squares of the weights are too large to add")
		}
		c.Crosses = append(c.Crosses, Cross{columns, w.counters[x].cells(columns, decode)})
	}
	return c, nil
}

// values returns the texts in order and what code becomes which index.
func (k *coder) values() ([]string, func(uint32) int) {
	sorted := slices.Sorted(slices.Values(k.dict.texts))
	index := make([]int, len(sorted))
	for code, text := range k.dict.texts {
		index[code], _ = slices.BinarySearch(sorted, text)
	}
	return sorted, func(code uint32) int { return index[code] }
}

// bins returns the bins of the codes that are used, in order, and what code becomes which index.
func (k *coder) bins(used map[uint32]bool) ([]Bin, func(uint32) int) {
	bin := func(code uint32) Bin {
		if k.ofNum != nil {
			return Bin{k.nums[code], k.nums[code]}
		}
		if code&binned == 0 { // counted before there were bins
			code = binOf(k.nums[code], k.cuts)
		}
		from, to := bounds(code, k.cuts)
		return Bin{from, to}
	}
	var bins []Bin
	for code := range used {
		if code != 0 {
			bins = append(bins, bin(code))
		}
	}
	slices.SortFunc(bins, func(a, b Bin) int { return cmp.Compare(a.From, b.From) })
	bins = slices.Compact(bins)
	return bins, func(code uint32) int {
		if code == 0 {
			return -1
		}
		from := bin(code).From
		return sort.Search(len(bins), func(i int) bool { return bins[i].From >= from })
	}
}

// cells decodes what was counted, in order, and adds up the cells that have become equal.
func (c *counter) cells(columns []int, decode []func(uint32) int) []Cell {
	cells := make([]Cell, 0, c.keys)
	codes := make([]int, c.keys*len(columns))
	for i := range c.slots {
		s := &c.slots[i]
		if s.n == 0 {
			continue
		}
		cell := Cell{Codes: codes[:len(columns):len(columns)], N: s.n}
		codes = codes[len(columns):]
		for j, column := range columns {
			cell.Codes[j] = decode[column](c.places[j].get(&s.key))
		}
		if len(c.places) > len(columns) {
			cell.Mask = c.places[len(columns)].get(&s.key)
		}
		if c.w != nil {
			cell.W, cell.W2 = c.w[i], c.w2[i]
		}
		cells = append(cells, cell)
	}
	return addEqual(cells)
}

func compareCells(a, b Cell) int {
	return cmp.Or(slices.Compare(a.Codes, b.Codes), cmp.Compare(a.Mask, b.Mask))
}

// addEqual sorts cells and makes one of those that are equal.
func addEqual(cells []Cell) []Cell {
	slices.SortStableFunc(cells, compareCells)
	kept := cells[:0]
	for _, c := range cells {
		if n := len(kept); n > 0 && compareCells(kept[n-1], c) == 0 {
			last := &kept[n-1]
			last.N, last.W, last.W2 = last.N+c.N, last.W+c.W, last.W2+c.W2
			continue
		}
		kept = append(kept, c)
	}
	return kept
}

// Merge returns the counts of all rows of parts that were counted with the same spec. It is an error if they were not,
// or if together they have more values or combinations than the spec allows.
func Merge(parts ...*Counts) (*Counts, error) {
	if len(parts) == 0 {
		return nil, errors.New("table: nothing to merge")
	}
	first := parts[0]
	all := &Counts{Columns: first.Columns, spec: first.spec, Twins: first.Twins}
	for _, p := range parts {
		if !sameSpec(p.spec, first.spec) {
			return nil, errors.New("table: these counts are not of the same columns")
		}
		all.Rows += p.Rows
	}
	for i := range first.spec.Columns {
		var values []string
		for _, p := range parts {
			values = append(values, p.Values[i]...)
		}
		slices.Sort(values)
		all.Values = append(all.Values, slices.Compact(values))
		if column := &first.spec.Columns[i]; len(all.Values[i]) > column.maxValues() && column.Kind == Category {
			return nil, fmt.Errorf("table: %w", &TooManyValuesError{column.Name, column.maxValues()})
		}
		all.Bins = append(all.Bins, mergeBins(parts, i))
	}
	for x, cross := range first.Crosses {
		var cells []Cell
		for _, p := range parts {
			cells = append(cells, p.recoded(x, all)...)
		}
		if cells = addEqual(cells); len(cells) > maxCells {
			return nil, fmt.Errorf("table: %w", errTooManyCells)
		}
		all.Crosses = append(all.Crosses, Cross{cross.Columns, cells})
	}
	return all, nil
}

func sameSpec(a, b *Spec) bool {
	return a == b || slices.EqualFunc(a.Columns, b.Columns, func(p, q Column) bool {
		return p.Name == q.Name && p.Kind == q.Kind && slices.Equal(p.cuts(), q.cuts())
	}) && slices.EqualFunc(a.Crosses, b.Crosses, slices.Equal[[]int]) && slices.Equal(a.Filters, b.Filters) &&
		slices.Equal(a.Where, b.Where) && a.Weight == b.Weight
}

// mergeBins returns the bins of all parts: of single numbers if all have those and they are few, else of ranges.
func mergeBins(parts []*Counts, column int) []Bin {
	var bins []Bin
	exact := true
	for _, p := range parts {
		for _, b := range p.Bins[column] {
			exact = exact && b.From == b.To
			bins = append(bins, b)
		}
	}
	slices.SortFunc(bins, func(a, b Bin) int { return cmp.Compare(a.From, b.From) })
	if bins = slices.CompactFunc(bins, func(a, b Bin) bool { return a == b }); exact && len(bins) <= exactNumbers {
		return bins
	}
	cuts := parts[0].spec.Columns[column].cuts()
	for i, b := range bins {
		bins[i].From, bins[i].To = bounds(binOf(b.From, cuts), cuts)
	}
	return slices.Compact(bins)
}

// recoded returns the cells of a cross with the codes of all.
func (c *Counts) recoded(x int, all *Counts) []Cell {
	columns := c.Crosses[x].Columns
	index := make([][]int, len(columns)) // index[j][code]
	for j, column := range columns {
		for _, v := range c.Values[column] {
			i, _ := slices.BinarySearch(all.Values[column], v)
			index[j] = append(index[j], i)
		}
		bins := all.Bins[column]
		for _, b := range c.Bins[column] {
			// The last bin that begins at or before b has it.
			index[j] = append(index[j], sort.Search(len(bins), func(i int) bool { return bins[i].From > b.From })-1)
		}
	}
	cells := slices.Clone(c.Crosses[x].Cells)
	for i, cell := range cells {
		codes := make([]int, len(columns))
		for j, code := range cell.Codes {
			if codes[j] = -1; code >= 0 {
				codes[j] = index[j][code]
			}
		}
		cells[i].Codes = codes
	}
	return cells
}

// Middle is the number that stands for a bin's: the bin's own, or that in the middle.
func (b Bin) Middle() float64 {
	if b.From == b.To || math.IsInf(b.To, 0) {
		return b.From
	}
	return b.From + (b.To-b.From)/2
}
