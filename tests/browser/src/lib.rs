//! A headless Chromium for tests, driven over the DevTools protocol.
//!
//! It speaks through pipes, so it needs no port and no WebSocket, and Chromium ends when the test does. It can reach
//! nothing but loopback. It waits for what the page does (see [`Page::until`]), never for time to pass.

mod connection;
mod process;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

pub use process::Browser;

use connection::Connection;

/// One tab with everything it asked for and complained about since it was opened.
pub struct Page {
    connection: Connection,
    session: String,
    events: Vec<Value>,
}

impl Page {
    pub(crate) async fn open(mut connection: Connection, url: &str) -> Result<Page> {
        let target = connection
            .call(None, "Target.createTarget", json!({"url": "about:blank"}))
            .await?;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = connection.call(None, "Target.attachToTarget", attach).await?;
        let session = attached["sessionId"]
            .as_str()
            .context("Chromium attached without a session")?
            .to_owned();
        let mut page = Page {
            connection,
            session,
            events: Vec::new(),
        };
        for domain in ["Page", "Runtime", "Network", "Log"] {
            page.call(&format!("{domain}.enable"), json!({})).await?;
        }
        let navigated = page.call("Page.navigate", json!({"url": url})).await?;
        if let Some(error) = navigated["errorText"].as_str() {
            bail!("{url} does not open: {error}");
        }
        page.event("Page.loadEventFired").await?;
        Ok(page)
    }

    /// The value of a JavaScript expression; a promise is awaited. What it throws is the error.
    pub async fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let options = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.call("Runtime.evaluate", options).await?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            bail!("{expression} threw {thrown:#}");
        }
        Ok(answer["result"]["value"].take())
    }

    /// Waits until a JavaScript expression is truthy, looking again whenever the document changes, and gives its value.
    /// When that does not happen within a minute, the error holds the page's text and complaints.
    pub async fn until(&mut self, expression: &str) -> Result<Value> {
        let script = format!(
            "new Promise((resolve) => {{
                const observer = new MutationObserver(look);
                function look() {{
                    const value = {expression};
                    if (value) {{ observer.disconnect(); resolve(value); }}
                }}
                observer.observe(document, {{subtree: true, childList: true, attributes: true, characterData: true}});
                look();
            }})"
        );
        match self.evaluate(&script).await {
            Ok(value) => Ok(value),
            Err(error) => {
                let text = self.evaluate("document.body.innerText").await.unwrap_or_default();
                let complaints = self.complaints().join("\n");
                Err(error.context(format!(
                    "never saw {expression}\n--- text\n{text}\n--- complaints\n{complaints}"
                )))
            }
        }
    }

    /// Clicks the middle of the first element that a CSS selector finds, as a mouse would.
    pub async fn click(&mut self, selector: &str) -> Result<()> {
        let selector = Value::from(selector);
        let middle = self
            .until(&format!(
                "(() => {{
                    const box = document.querySelector({selector})?.getBoundingClientRect();
                    return box && box.width && {{x: box.x + box.width / 2, y: box.y + box.height / 2}};
                }})()"
            ))
            .await?;
        for kind in ["mousePressed", "mouseReleased"] {
            let event =
                json!({"type": kind, "x": middle["x"], "y": middle["y"], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    /// The addresses of all requests the page has sent so far.
    pub fn requests(&self) -> Vec<&str> {
        self.params("Network.requestWillBeSent")
            .filter_map(|params| params["request"]["url"].as_str())
            .collect()
    }

    /// What a developer would see in red or yellow: uncaught exceptions, console errors and warnings, failed loads and
    /// violations of the content security policy.
    pub fn complaints(&self) -> Vec<String> {
        let thrown = self
            .params("Runtime.exceptionThrown")
            .map(|params| params["exceptionDetails"].to_string());
        let logged = self
            .params("Runtime.consoleAPICalled")
            .filter(|params| bad(&params["type"]));
        let reported = self
            .params("Log.entryAdded")
            .map(|params| &params["entry"])
            .filter(|entry| bad(&entry["level"]));
        thrown
            .chain(logged.chain(reported).map(Value::to_string))
            .collect()
    }

    fn params(&self, method: &'static str) -> impl Iterator<Item = &Value> {
        self.events
            .iter()
            .filter(move |event| event["method"] == method)
            .map(|event| &event["params"])
    }

    async fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        let answer = self.connection.call(Some(&self.session), method, params).await;
        self.events.append(&mut self.connection.events);
        answer
    }

    async fn event(&mut self, method: &str) -> Result<()> {
        while !self.events.iter().any(|event| event["method"] == method) {
            let event = self
                .connection
                .next_event()
                .await
                .with_context(|| format!("waiting for {method}"))?;
            self.events.push(event);
        }
        Ok(())
    }
}

fn bad(level: &Value) -> bool {
    ["error", "warning", "assert"].iter().any(|bad| level == bad)
}
