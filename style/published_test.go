package style_test

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/style"
	"github.com/atelier-go/atelier/weights"
)

// published is a file of the published data that lies beside the repository, or where $ATELIER_DATA says; the test is
// skipped without.
func published(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(cmp.Or(os.Getenv("ATELIER_DATA"), filepath.Join("..", "..", "shared", "data")), filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the data is not there (%v); $ATELIER_DATA names another folder", err)
	}
	return path
}

// With VGG-19's first layers a photo comes close to a painting's style, and keeps its content.
func TestPublished(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	picture := func(name string) style.Picture {
		p, _, err := imageio.ReadFloat(published(t, name), imageio.FloatOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return style.Picture{H: p.H, W: p.W, Pixels: p.RGB}
	}
	features, err := weights.LoadFeatures(published(t, "vgg19/vgg19-conv1_1-conv3_4.safetensors"), "vgg19")
	if err != nil {
		t.Fatal(err)
	}
	o := style.Defaults()
	o.Network = style.NewNetwork(shared, features)
	o.Content, o.Styles = picture("images/content/tubingen.jpg"), []style.StyleInput{{Picture: picture("images/style/starry_night_google.jpg")}}
	o.Size, o.Scales, o.Iterations = 96, 1, []int{50}
	ctx := context.Background()
	for _, optimizer := range style.Optimizers {
		o.Optimizer = optimizer
		r := paint(t, o, nil)
		before, err := style.Judge(ctx, o, o.Content.Resized(r.Picture.H, r.Picture.W))
		if err != nil {
			t.Fatal(err)
		}
		after, err := style.Judge(ctx, o, r.Picture)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %+v, before %+v", optimizer, after, before)
		if after.Style > 0.05*before.Style || after.Content > 0.4 || after.SSIM < 0.2 {
			t.Errorf("%s: %+v, before %+v", optimizer, after, before)
		}
	}
}
