// Package live shows paintings in a browser while they are made: the picture, the scale, the iteration, the loss, its parts
// and their curves, and the time left.
//
//	page, err := live.Listen("")
//	if err != nil {
//		return err
//	}
//	defer page.Close()
//	fmt.Println("watch at", page.URL())
//	page.Begin("photo.jpg in the style of painting.jpg")
//	result, err := style.Paint(ctx, options, func(s style.Step) error {
//		page.Step(s)
//		return nil
//	})
//
// The page is one document that needs nothing else and no connection but this. It is told of iterations by server-sent
// events, as one JSON object each. Pictures are taken from the painting only while somebody watches, and encoded when they
// are asked for; this takes at most about a hundredth of the time, so that it does not slow the painting down.
//
// Who listens at a loopback address, as is the default, is asked only by this machine: requests that name another host, as
// those of a web site that has its name point here, are refused.
package live
