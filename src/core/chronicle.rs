//! Readings of the log as it is kept in memory, for the strip, the browser and the Incident screen.
