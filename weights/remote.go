package weights

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// remote is a file on a server.
type remote struct {
	client *http.Client
	url    string
	wait   time.Duration // before the second try; then twice as long, and so on
	size   int64
	ranges bool   // the server gives parts of the file
	hash   string // SHA-256 of the file, if the server says it
}

// segment is a part of a file.
type segment struct{ from, size int64 }

// tries is how often something is asked for without getting on.
const tries = 4

// openRemote asks for a file's size.
func openRemote(ctx context.Context, client *http.Client, url string, wait time.Duration) (*remote, error) {
	r := &remote{client: client, url: url, wait: wait}
	err := r.retry(ctx, func() (bool, error) {
		response, err := r.get(ctx, segment{0, 1})
		if err != nil {
			return false, err
		}
		defer response.Body.Close()
		r.size, r.ranges = response.ContentLength, false
		if response.StatusCode == http.StatusPartialContent {
			_, total, found := strings.Cut(response.Header.Get("Content-Range"), "/")
			if r.size, err = strconv.ParseInt(total, 10, 64); !found || err != nil {
				return false, fmt.Errorf("the server says Content-Range %q", response.Header.Get("Content-Range"))
			}
			r.ranges = true
		}
		if r.size < 0 {
			return false, errors.New("the server does not say how long the file is")
		}
		return false, nil
	})
	return r, err
}

// serverError is an answer other than the file.
type serverError struct {
	status string
	code   int
}

func (e *serverError) Error() string { return "the server says " + e.status }

// get asks for a part of the file. The answer is that part, or the whole file from a server that knows no parts.
func (r *remote) get(ctx context.Context, s segment) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", s.from, s.from+s.size-1))
	request.Header.Set("Accept-Encoding", "identity")
	response, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	r.noteHash(response)
	switch response.StatusCode {
	case http.StatusPartialContent:
		if want := fmt.Sprintf("bytes %d-", s.from); !strings.HasPrefix(response.Header.Get("Content-Range"), want) {
			err = fmt.Errorf("the server gives %q, not %s", response.Header.Get("Content-Range"), want)
		}
	case http.StatusOK:
	default:
		err = &serverError{response.Status, response.StatusCode}
	}
	if err != nil {
		response.Body.Close()
		return nil, err
	}
	return response, nil
}

// noteHash keeps the file's hash where the server says it: Hugging Face does, before it sends on to where the file is.
func (r *remote) noteHash(response *http.Response) {
	for response != nil && r.hash == "" {
		if tag := strings.Trim(response.Header.Get("X-Linked-Etag"), `"`); len(tag) == 64 {
			r.hash = tag
		}
		if response.Request == nil {
			return
		}
		response = response.Request.Response
	}
}

// retry calls f until it succeeds or has failed too often in a row without getting on.
func (r *remote) retry(ctx context.Context, f func() (progress bool, err error)) error {
	failures := 0
	for {
		progress, err := f()
		if err == nil || ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if e, ok := errors.AsType[*serverError](err); ok && e.code < 500 && e.code != http.StatusTooManyRequests {
			return err
		}
		if _, ok := errors.AsType[*diskError](err); ok {
			return err
		}
		if progress {
			failures = 0
		}
		if failures++; failures == tries {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(r.wait << (failures - 1)):
		}
	}
}

// diskError is a failure to write, which trying again does not mend.
type diskError struct{ err error }

func (e *diskError) Error() string { return e.err.Error() }
func (e *diskError) Unwrap() error { return e.err }

// copyTo appends to w the segments from byte done of them on. What it has written when it fails stays.
func (r *remote) copyTo(ctx context.Context, w io.Writer, segments []segment, done int64, progress func(done int64)) error {
	return r.retry(ctx, func() (bool, error) {
		before := done
		for {
			next, ok := after(segments, done)
			if !ok {
				return true, nil
			}
			n, err := r.copySegment(ctx, w, next, func(n int64) { progress(done + n) })
			done += n
			if err != nil {
				return done > before, err
			}
		}
	})
}

// after is what is missing of the segment in which byte done of all of them lies.
func after(segments []segment, done int64) (segment, bool) {
	for _, s := range segments {
		if done < s.size {
			return segment{s.from + done, s.size - done}, true
		}
		done -= s.size
	}
	return segment{}, false
}

// copySegment appends one segment.
func (r *remote) copySegment(ctx context.Context, w io.Writer, s segment, progress func(n int64)) (written int64, err error) {
	response, err := r.get(ctx, s)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK && s.from > 0 {
		if _, err := io.CopyN(io.Discard, response.Body, s.from); err != nil { // a server that knows no parts
			return 0, err
		}
	}
	buffer := make([]byte, 1<<16)
	for written < s.size {
		n, err := response.Body.Read(buffer[:min(int64(len(buffer)), s.size-written)])
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return written, &diskError{err}
			}
			written += int64(n)
			progress(written)
		}
		if err != nil && written < s.size {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return written, err
		}
	}
	return written, nil
}

// ReadAt reads a part of the file, for its header.
func (r *remote) readerAt(ctx context.Context) io.ReaderAt { return remoteReader{ctx, r} }

type remoteReader struct {
	ctx    context.Context
	remote *remote
}

func (r remoteReader) ReadAt(b []byte, offset int64) (int, error) {
	var w fixed = b[:0]
	err := r.remote.copyTo(r.ctx, &w, []segment{{offset, int64(len(b))}}, 0, func(int64) {})
	return len(w), err
}

// fixed appends to a slice of enough capacity.
type fixed []byte

func (f *fixed) Write(b []byte) (int, error) {
	*f = append(*f, b...)
	return len(b), nil
}
