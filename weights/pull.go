package weights

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/atelier-go/atelier/safetensors"
	"github.com/atelier-go/atelier/zoo"
)

// Pull says how to download. The zero value is the usual.
type Pull struct {
	// Until is the last layer whose weights are wanted; empty means the network's last. Files that can be fetched in part
	// are fetched up to it, without classifiers.
	Until string
	// Whole fetches the whole file, which alone the published hash can be checked for.
	Whole bool
	// Progress, if not nil, is called with the bytes that are there and those that will be.
	Progress func(done, total int64)
	Client   *http.Client  // nil means one that waits at most 30 seconds for an answer to begin
	Wait     time.Duration // before a second try, doubled for each further; zero means a second
}

// Pull downloads the weights of an entry, unless they are installed. A download that fails, or whose process ends, is gone
// on with by the next Pull. Whole files have the entry's hash or are refused; of parts the length, the names and the shapes
// are checked, and that the server says that their file has the entry's hash, if it says any.
func (c Cache) Pull(ctx context.Context, k Known, p Pull) (Installed, error) {
	i, err := c.pull(ctx, k, p)
	if err != nil {
		return i, fmt.Errorf("weights: %s: %w", k.Name, err)
	}
	return i, nil
}

func (c Cache) pull(ctx context.Context, k Known, p Pull) (Installed, error) {
	net, err := zoo.FeaturesByName(k.Network)
	if err == nil && p.Until != "" {
		net, err = net.Until(p.Until)
	}
	if err != nil {
		return Installed{}, err
	}
	if i, ok, err := c.Installed(k); err != nil || ok && c.enough(k, i, net, p.Whole) {
		return i, err
	}
	if p.Client == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.ResponseHeaderTimeout = 30 * time.Second
		p.Client = &http.Client{Transport: transport}
	}
	if p.Progress == nil {
		p.Progress = func(int64, int64) {}
	}
	if err := os.MkdirAll(c.Dir, 0o777); err != nil {
		return Installed{}, err
	}
	r, err := openRemote(ctx, p.Client, k.URL, cmp.Or(p.Wait, time.Second))
	if err != nil {
		return Installed{}, fmt.Errorf("%s: %w", k.URL, err)
	}
	if r.hash != "" && !k.matches(r.hash) {
		return Installed{}, fmt.Errorf("%s: the server has a file with SHA-256 %s, want %s", k.URL, r.hash, k.hashText())
	}
	d := download{cache: c, known: k, net: net, remote: r, progress: p.Progress}
	if k.partial() && r.ranges && !p.Whole {
		return d.part(ctx)
	}
	return d.whole(ctx)
}

// enough tells whether what is installed has all that is wanted.
func (c Cache) enough(k Known, i Installed, net zoo.FeatureNet, whole bool) bool {
	if whole && !i.Whole {
		return false
	}
	f, err := Open(c.Path(i))
	if err != nil {
		return false
	}
	defer f.Close()
	have, err := f.networkNamed(k.Network)
	return err == nil && len(have.Layers()) >= len(net.Layers())
}

// download is one pull under way.
type download struct {
	cache    Cache
	known    Known
	net      zoo.FeatureNet
	remote   *remote
	progress func(done, total int64)
}

// whole fetches the file and checks its hash.
func (d download) whole(ctx context.Context) (Installed, error) {
	segments := []segment{{0, d.remote.size}}
	for {
		part, resumed, err := d.fetch(ctx, "whole", segments)
		if err != nil {
			return Installed{}, err
		}
		i, err := d.keep(part)
		if err == nil || !resumed {
			return i, err
		}
		// What was there before may have been damaged, or of another file: once more from the beginning.
	}
}

// keep makes the file part the installed one if it is what it should be, and removes it otherwise.
func (d download) keep(part string) (Installed, error) {
	i, err := examine(d.known, part)
	if err == nil {
		err = os.Rename(part, d.cache.Path(i))
	}
	if err != nil {
		return i, errors.Join(fmt.Errorf("%s: what was downloaded is not the file that was published: %w", d.known.URL, err), os.Remove(part))
	}
	return i, d.cache.note(d.known, i)
}

// part fetches the tensors of the network from a safetensors file and writes a file with these alone.
func (d download) part(ctx context.Context) (Installed, error) {
	f, err := safetensors.Read(d.remote.readerAt(ctx), d.remote.size)
	if err != nil {
		return Installed{}, fmt.Errorf("%s: %w", d.known.URL, err)
	}
	wanted := map[string]bool{}
	for _, w := range d.net.Weights() {
		wanted[w.Name] = true
	}
	tensors, segments, err := locate(f, d.remote.size, wanted)
	if err != nil {
		return Installed{}, fmt.Errorf("%s: %w", d.known.URL, err)
	}
	layers := d.net.Layers()
	path, _, err := d.fetch(ctx, layers[len(layers)-1].Name, segments)
	if err != nil {
		return Installed{}, err
	}
	whole := path + ".file"
	if err := d.assemble(whole, path, tensors); err != nil {
		return Installed{}, err
	}
	i, err := d.keep(whole)
	return i, errors.Join(err, os.Remove(path))
}

// assemble writes the tensors, whose bytes lie one behind the other in the file part, as a safetensors file.
func (d download) assemble(whole, part string, tensors []safetensors.Tensor) error {
	f, err := os.Open(part)
	if err != nil {
		return err
	}
	defer f.Close()
	at := int64(0)
	for i := range tensors {
		size := bytesOf(tensors[i])
		section := io.NewSectionReader(f, at, size)
		tensors[i].Stream = func(w io.Writer) error {
			_, err := io.Copy(w, section)
			return err
		}
		at += size
	}
	return safetensors.Save(whole, tensors, map[string]string{
		"arch": d.known.Network, "preprocess": d.known.preprocess.String(), "source": d.known.URL, sourceKey: d.known.SHA256,
	})
}

// locate finds tensors in a remote file whose data ends with it, without holes: they and where they are, in order.
func locate(f *safetensors.File, size int64, wanted map[string]bool) ([]safetensors.Tensor, []segment, error) {
	all := f.Names()
	at := size
	for _, name := range all {
		dtype, shape, _ := f.Info(name)
		at -= bytesOf(safetensors.Tensor{DType: dtype, Shape: shape})
	}
	var tensors []safetensors.Tensor
	var segments []segment
	for _, name := range all {
		dtype, shape, _ := f.Info(name)
		t := safetensors.Tensor{Name: name, DType: dtype, Shape: shape}
		n := bytesOf(t)
		if wanted[name] {
			tensors = append(tensors, t)
			if last := len(segments) - 1; last >= 0 && segments[last].from+segments[last].size == at {
				segments[last].size += n
			} else {
				segments = append(segments, segment{at, n})
			}
		}
		at += n
	}
	if len(tensors) != len(wanted) {
		return nil, nil, fmt.Errorf("it has %d of the %d tensors that are wanted", len(tensors), len(wanted))
	}
	return tensors, segments, nil
}

// bytesOf is how many bytes a tensor has, which safetensors has checked.
func bytesOf(t safetensors.Tensor) int64 {
	bits := int64(t.DType.Bits())
	for _, n := range t.Shape {
		bits *= int64(n)
	}
	return bits / 8
}

// fetch downloads segments one behind the other into a file of the cache, where it goes on if that has a part of them. The
// file's name has the hash of what is fetched, so that it is not mistaken for something else.
func (d download) fetch(ctx context.Context, what string, segments []segment) (path string, resumed bool, err error) {
	total := int64(0)
	for _, s := range segments {
		total += s.size
	}
	sum := sha256.Sum256(fmt.Append(nil, d.known.URL, d.known.SHA256, d.remote.size, segments))
	path = filepath.Join(d.cache.Dir, fmt.Sprintf(".%s.%s.%s.part", d.known.Name, what, hex.EncodeToString(sum[:4])))
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return "", false, err
	}
	done, err := f.Seek(0, io.SeekEnd)
	if err == nil && done > total {
		done, err = 0, f.Truncate(0)
	}
	if err == nil {
		_, err = f.Seek(done, io.SeekStart)
	}
	if err == nil {
		d.progress(done, total)
		err = d.remote.copyTo(ctx, f, segments, done, func(n int64) { d.progress(n, total) })
	}
	if err == nil {
		err = f.Sync()
	}
	have, _ := f.Seek(0, io.SeekCurrent)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", false, fmt.Errorf("%s: %d of %d bytes are here, and the same command goes on with them: %w", d.known.URL, have, total, err)
	}
	return path, done > 0, nil
}
