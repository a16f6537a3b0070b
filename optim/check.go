package optim

// Check says everything that is wrong with the settings, naming field and value; nil if nothing.
func (c Config) Check() error { return c.check() }
