//! The other lines: what happens in between, and warnings. They carry the same identifiers, in the same fields, so that
//! one search finds them all.

use serde::{Serialize, Serializer, ser::SerializeMap};
use tracing::{Event, Subscriber};
use tracing_serde::{AsSerde, SerdeMapVisitor};
use tracing_subscriber::{Layer, layer::Context};

use super::{CORRELATION, ENTRY, FRAME, REQUEST, SESSION, with, write};
use crate::{correlation::Correlation, ids::SessionId};

/// Writes each event as a line, once filters have let it through.
pub(crate) struct Between;

impl<S: Subscriber> Layer<S> for Between {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        write(&Happened(event));
    }
}

/// What is being done while something happens, where that is known.
struct Around {
    request: Option<String>,
    session: Option<SessionId>,
    correlation: Option<Correlation>,
}

impl Around {
    fn now() -> Self {
        let line = with(|line| (line.request_id.clone(), line.correlation.clone()));
        let entry = ENTRY.try_with(|entry| (entry.session.clone(), entry.correlation.clone()));
        let ((request, woken_by), (session, of_entry)) = (line.unzip(), entry.ok().unzip());
        Self {
            request,
            session,
            correlation: of_entry.flatten().or(woken_by.flatten()),
        }
    }
}

struct Happened<'a>(&'a Event<'a>);

impl Happened<'_> {
    /// Puts a field that the event has not named itself: what it says of itself goes before what is known around it.
    fn put<M: SerializeMap>(
        &self,
        map: &mut M,
        name: &'static str,
        value: Option<&(impl Serialize + ?Sized)>,
    ) -> Result<(), M::Error> {
        let is_told = self.0.metadata().fields().field(name).is_some();
        match value {
            Some(value) if !is_told => map.serialize_entry(name, value),
            _ => Ok(()),
        }
    }
}

impl Serialize for Happened<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let about = self.0.metadata();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("level", &about.level().as_serde())?;
        let mut fields = SerdeMapVisitor::new(map);
        self.0.record(&mut fields);
        let mut map = fields.take_serializer()?;
        self.put(&mut map, "target", Some(about.target()))?;
        let function = FRAME.get().map(|frame| frame.function);
        self.put(&mut map, "function", function)?;
        let Around {
            request,
            session,
            correlation,
        } = Around::now();
        self.put(&mut map, REQUEST, request.as_ref())?;
        self.put(&mut map, SESSION, session.as_ref())?;
        self.put(&mut map, CORRELATION, correlation.as_ref())?;
        map.end()
    }
}
