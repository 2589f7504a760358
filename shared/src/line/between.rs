//! The other lines: what happens in between, and warnings. They carry the same identifiers, in the same fields, so that
//! one search finds them all.

use serde::{Serialize, Serializer, ser::SerializeMap};
use tracing::{Event, Subscriber};
use tracing_serde::{AsSerde, SerdeMapVisitor};
use tracing_subscriber::{Layer, layer::Context};

use super::{CORRELATION, FRAME, REQUEST, with, write};

/// Writes each event as a line, once filters have let it through.
pub(crate) struct Between;

impl<S: Subscriber> Layer<S> for Between {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        write(&Happened(event));
    }
}

struct Happened<'a>(&'a Event<'a>);

impl Serialize for Happened<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let about = self.0.metadata();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("level", &about.level().as_serde())?;
        let mut fields = SerdeMapVisitor::new(map);
        self.0.record(&mut fields);
        let mut map = fields.take_serializer()?;
        map.serialize_entry("target", about.target())?;
        if let Some(frame) = FRAME.get() {
            map.serialize_entry("function", frame.function)?;
        }
        // An event of the log is told with its own, whoever woke the drainer. Outside of a request there is neither.
        let is_tied = about.fields().field(CORRELATION).is_some();
        with(|line| {
            map.serialize_entry(REQUEST, &line.request_id)?;
            match &line.correlation {
                Some(correlation) if !is_tied => map.serialize_entry(CORRELATION, correlation),
                _ => Ok(()),
            }
        })
        .transpose()?;
        map.end()
    }
}
