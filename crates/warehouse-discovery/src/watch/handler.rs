//! What is done with new Freight.

use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use warehouse_spec::{Freight, Warehouse};

/// Freight that is to be handled.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NewFreight<'a> {
    /// The Freight.
    pub freight: &'a Freight,
    /// The Warehouse that it is from.
    pub warehouse: &'a Warehouse,
    /// How often this Freight was tried, this time included: from 1.
    pub attempt: u32,
}

/// Why Freight is not handled.
pub type HandlerError = Box<dyn Error + Send + Sync>;

/// Handles new Freight: starts a program, opens a pull request, sends a message.
///
/// It is called at least once for every piece of Freight, also where the process is killed at any moment: Freight is in the [state](super::WatchState) before the
/// first call, and is called for again until a call has succeeded and that is in the state, too. So a handler may see the same Freight twice, and recognizes it by its name.
///
/// `()` handles everything by doing nothing.
#[async_trait]
pub trait FreightHandler: Debug + Send + Sync + 'static {
    /// Handles the Freight. Dropping the future should end the work: the watch is stopped.
    ///
    /// # Errors
    ///
    /// Why it is not handled. It is called again in the next round.
    async fn handle(&self, new: NewFreight<'_>) -> Result<(), HandlerError>;
}

#[async_trait]
impl FreightHandler for () {
    async fn handle(&self, _: NewFreight<'_>) -> Result<(), HandlerError> {
        Ok(())
    }
}

#[async_trait]
impl<H: FreightHandler + ?Sized> FreightHandler for Arc<H> {
    async fn handle(&self, new: NewFreight<'_>) -> Result<(), HandlerError> {
        (**self).handle(new).await
    }
}
