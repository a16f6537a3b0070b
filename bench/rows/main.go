// Command rows writes predictions of nobody, as CSV or Parquet, to measure how fast they are audited.
//
//	go run ./bench/rows -n 10000000 -out rows.csv
//
// Its columns are id, race, sex, label, pred and score, drawn with a seed: six races by two sexes, a score of five digits
// from 0 to 1, labels that are likelier the higher the score, and a prediction for scores of at least 0.5. Ten million rows
// of CSV have 384 MB.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/snappy"

	"github.com/atelier-go/atelier/atomicfile"
)

// row is a prediction.
type row struct {
	ID    int64   `parquet:"id"`
	Race  string  `parquet:"race,dict"`
	Sex   string  `parquet:"sex,dict"`
	Label int64   `parquet:"label,dict"`
	Pred  int64   `parquet:"pred,dict"`
	Score float64 `parquet:"score,dict"`
}

var races = []struct {
	name  string
	share float64 // of those that are left
}{{"African-American", 0.51}, {"Caucasian", 0.69}, {"Hispanic", 0.58}, {"Other", 0.83}, {"Asian", 0.6}, {"Native American", 1}}

// scores is how many different scores there are.
const scores = 100_000

// draw draws the i-th row.
func draw(r *rand.Rand, i int64) row {
	p := row{ID: i, Race: races[len(races)-1].name, Sex: "Male", Score: float64(r.Int64N(scores)) / scores}
	for _, race := range races {
		if r.Float64() < race.share {
			p.Race = race.name
			break
		}
	}
	if r.Float64() < 0.2 {
		p.Sex = "Female"
	}
	if r.Float64() < 0.1+0.8*p.Score {
		p.Label = 1
	}
	if p.Score >= 0.5 {
		p.Pred = 1
	}
	return p
}

func main() {
	n := flag.Int64("n", 10_000_000, "number of rows")
	seed := flag.Uint64("seed", 1, "seed of the draws")
	out := flag.String("out", "rows.csv", "file to write; its name ends in .csv or .parquet")
	flag.Parse()
	write := writeCSV
	switch {
	case strings.HasSuffix(*out, ".parquet"):
		write = writeParquet
	case !strings.HasSuffix(*out, ".csv"):
		log.Fatalf("rows: %s: want a name that ends in .csv or .parquet", *out)
	}
	rows := func(yield func(row) error) error {
		r := rand.New(rand.NewPCG(*seed, 0))
		for i := range *n {
			if err := yield(draw(r, i)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := atomicfile.Write(*out, func(w io.Writer) error { return write(w, rows) }); err != nil {
		log.Fatal(err)
	}
}

func writeCSV(w io.Writer, rows func(func(row) error) error) error {
	b := bufio.NewWriterSize(w, 1<<20)
	fmt.Fprintln(b, "id,race,sex,label,pred,score")
	var line []byte
	if err := rows(func(p row) error {
		line = append(strconv.AppendInt(line[:0], p.ID, 10), ',')
		line = append(append(line, p.Race...), ',')
		line = append(append(line, p.Sex...), ',')
		line = append(strconv.AppendInt(line, p.Label, 10), ',')
		line = append(strconv.AppendInt(line, p.Pred, 10), ',')
		line = append(strconv.AppendFloat(line, p.Score, 'f', -1, 64), '\n')
		_, err := b.Write(line)
		return err
	}); err != nil {
		return err
	}
	return b.Flush()
}

func writeParquet(w io.Writer, rows func(func(row) error) error) error {
	p := parquet.NewGenericWriter[row](w, parquet.Compression(&snappy.Codec{}))
	batch := make([]row, 0, 1<<14)
	if err := rows(func(r row) error {
		if batch = append(batch, r); len(batch) < cap(batch) {
			return nil
		}
		_, err := p.Write(batch)
		batch = batch[:0]
		return err
	}); err != nil {
		return err
	}
	if _, err := p.Write(batch); err != nil {
		return err
	}
	return p.Close()
}
