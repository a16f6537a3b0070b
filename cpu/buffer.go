package cpu

import (
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/exec"
	"github.com/atelier-go/atelier/cpu/internal/ir"
	"github.com/atelier-go/atelier/cpu/internal/tensor"
)

// Buffer is a value in memory.
type Buffer struct {
	backend *Backend
	shape   shapes.Shape

	mu    sync.Mutex
	data  []byte // aligned; nil once the buffer is finalized, or if the value has no elements
	gone  bool   // finalized
	holds *allocation
	// seen says that a slice of the memory was handed out, readers how many executions and copies use it now: either
	// keeps the memory from being used again when the buffer is finalized.
	seen    bool
	readers int
}

var _ compute.Buffer = (*Buffer)(nil)

// allocation is memory that counts towards the backend's limit until it is released, which happens once.
type allocation struct {
	memory   *exec.Memory
	bytes    int64
	released atomic.Bool
}

func (a *allocation) release() {
	if !a.released.Swap(true) {
		a.memory.Release(a.bytes)
	}
}

// newBuffer allocates a zeroed buffer.
func (b *Backend) newBuffer(device compute.DeviceNum, shape shapes.Shape) (*Buffer, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	if err := checkDevice(device); err != nil {
		return nil, err
	}
	if err := checkBufferShape(shape); err != nil {
		return nil, err
	}
	bytes := int64(tensor.ByteSize(shape))
	if err := b.memory.Reserve(bytes, "a buffer of shape "+shape.String()); err != nil {
		return nil, errors.WithMessage(err, "cpu")
	}
	return b.wrap(shape, tensor.Alloc(int(bytes))), nil
}

// wrap makes a buffer of memory that is reserved already.
func (b *Backend) wrap(shape shapes.Shape, data []byte) *Buffer {
	a := &allocation{memory: b.memory, bytes: int64(len(data))}
	buf := &Buffer{backend: b, shape: shape.Clone(), data: data, holds: a}
	// A buffer that is dropped without Finalize gives its bytes back when it is collected.
	runtime.AddCleanup(buf, (*allocation).release, a)
	return buf
}

func checkBufferShape(shape shapes.Shape) error {
	if !shape.Ok() || shape.IsTuple() {
		return errors.Errorf("cpu: a buffer cannot have the shape %v", shape)
	}
	if shape.IsDynamic() {
		return errors.Errorf("cpu: a buffer cannot have the dynamic shape %v", shape)
	}
	if !supportedDTypes[shape.DType] {
		return errors.Wrapf(compute.ErrNotImplemented, "cpu: a buffer of type %v", shape.DType)
	}
	return errors.WithMessage(ir.CheckSize(shape), "cpu: a buffer")
}

// bytesOfFlat is the memory of a slice that must hold exactly a value of the shape.
func bytesOfFlat(flat any, shape shapes.Shape) ([]byte, error) {
	if err := checkBufferShape(shape); err != nil {
		return nil, err
	}
	bytes := tensor.ByteSize(shape)
	if flat == nil && bytes == 0 {
		return nil, nil
	}
	t := reflect.TypeOf(flat)
	if t == nil || t.Kind() != reflect.Slice || t.Elem() != shape.DType.GoType() {
		return nil, errors.Errorf("cpu: data of type %v for shape %v, want []%v", t, shape, shape.DType.GoType())
	}
	data := dtypes.UnsafeByteSliceFromAny(flat)
	if len(data) != bytes {
		return nil, errors.Errorf("cpu: %d elements of data for shape %v, want %d", reflect.ValueOf(flat).Len(),
			shape, bytes/int(t.Elem().Size()))
	}
	return data, nil
}

// Backend returns the backend that the buffer belongs to.
func (buf *Buffer) Backend() compute.Backend { return buf.backend }

// Finalize frees the buffer's memory. Finalizing a buffer that is finalized, or was donated, does nothing.
func (buf *Buffer) Finalize() error {
	buf.mu.Lock()
	defer buf.mu.Unlock()
	if buf.gone {
		return nil
	}
	if !buf.seen && buf.readers == 0 {
		buf.backend.recycler.put(buf.data)
	}
	buf.gone, buf.data = true, nil
	buf.holds.release()
	return nil
}

func (buf *Buffer) wasSeen() bool {
	buf.mu.Lock()
	defer buf.mu.Unlock()
	return buf.seen
}

// surrender finalizes the buffer without giving its memory back: another buffer has it now and counts it.
func (buf *Buffer) surrender() {
	buf.mu.Lock()
	defer buf.mu.Unlock()
	buf.gone, buf.data = true, nil
	buf.holds.released.Store(true)
}

// memory returns the buffer's bytes, or an error if it is finalized.
func (buf *Buffer) memory() ([]byte, error) {
	buf.mu.Lock()
	defer buf.mu.Unlock()
	if buf.gone {
		return nil, buf.errGone()
	}
	return buf.data, nil
}

func (buf *Buffer) errGone() error {
	return errors.Errorf("cpu: a buffer of shape %v is used after it was finalized or donated", buf.shape)
}

// borrow is memory for as long as it takes until release, whatever is finalized meanwhile.
func (buf *Buffer) borrow() ([]byte, error) {
	buf.mu.Lock()
	defer buf.mu.Unlock()
	if buf.gone {
		return nil, buf.errGone()
	}
	buf.readers++
	return buf.data, nil
}

// release ends a borrow.
func (buf *Buffer) release() {
	buf.mu.Lock()
	buf.readers--
	buf.mu.Unlock()
}

func (buf *Buffer) flat(data []byte) any { return tensor.Tensor{Shape: buf.shape, Data: data}.Flat() }

// Shape of the value.
func (buf *Buffer) Shape() (shapes.Shape, error) {
	if _, err := buf.memory(); err != nil {
		return shapes.Invalid(), err
	}
	return buf.shape, nil
}

// DeviceNum returns 0, the only device.
func (buf *Buffer) DeviceNum() (compute.DeviceNum, error) {
	_, err := buf.memory()
	return 0, err
}

// ToFlatData copies the value to a slice of its Go type, as long as the value.
func (buf *Buffer) ToFlatData(flat any) error {
	data, err := buf.borrow()
	if err != nil {
		return err
	}
	defer buf.release()
	to, err := bytesOfFlat(flat, buf.shape)
	if err != nil {
		return err
	}
	copy(to, data)
	return nil
}

// Data returns the value's memory as a slice of its Go type. It is valid until the buffer is finalized or donated.
func (buf *Buffer) Data() (any, error) {
	buf.mu.Lock()
	defer buf.mu.Unlock()
	if buf.gone {
		return nil, buf.errGone()
	}
	buf.seen = true
	return buf.flat(buf.data), nil
}

// CopyToDevice copies the buffer; device 0 is the only one.
func (buf *Buffer) CopyToDevice(device compute.DeviceNum) (compute.Buffer, error) {
	data, err := buf.borrow()
	if err != nil {
		return nil, err
	}
	defer buf.release()
	to, err := buf.backend.newBuffer(device, buf.shape)
	if err != nil {
		return nil, err
	}
	copy(to.data, data)
	return to, nil
}

// String describes the buffer, for debugging.
func (buf *Buffer) String() string { return fmt.Sprintf("cpu.Buffer %v", buf.shape) }
