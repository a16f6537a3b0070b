package optim

// Kinds lists the names of all optimizers.
func Kinds() []string {
	return []string{"sgd", "rmsprop", "adam", "adamw", "lars", "larc", "lamb", "muon"}
}

// Named makes the optimizer of a name with its default settings, as a pointer to its struct, whose fields have names in
// JSON.
func Named(name string) (Optimizer, bool) {
	switch name {
	case "sgd":
		return &SGD{}, true
	case "rmsprop":
		return &RMSProp{}, true
	case "adam":
		return &Adam{}, true
	case "adamw":
		return &AdamW{}, true
	case "lars":
		return &LARS{}, true
	case "larc":
		return &LARC{}, true
	case "lamb":
		return &LAMB{}, true
	case "muon":
		return &Muon{}, true
	}
	return nil, false
}
