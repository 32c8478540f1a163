//! Turns API Gateway's proxy events (REST API, payload version 1) into API calls, and answers into
//! its responses.

use std::borrow::Cow;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse, ApiGatewayRequestIdentity};
use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lambda_runtime::{Error, LambdaEvent};
use naas::api::problem::Problem;
use naas::api::{self, ApiRequest, ApiResponse};
use naas::caller::Caller;
use naas::schedule::{Scheduler, SchedulerPorts};

/// Answers one event. It returns `Ok` for every call, good or bad; what goes wrong is an answer.
pub(crate) async fn handle<P: SchedulerPorts>(
    scheduler: &Scheduler<P>,
    event: LambdaEvent<ApiGatewayProxyRequest>,
) -> Result<ApiGatewayProxyResponse, Error> {
    let request = event.payload;
    let answer = match body(&request) {
        Ok(body) => {
            let call = ApiRequest {
                method: request.http_method.as_str(),
                path: request.path.as_deref().unwrap_or("/"),
                query: Some(&query(&request)),
                caller: &caller(&request.request_context.identity),
                content_type: header(&request, "content-type"),
                if_match: header(&request, "if-match"),
                idempotency_key: header(&request, "idempotency-key"),
                body: &body,
            };
            api::answer(scheduler, call).await
        }
        Err(problem) => ApiResponse::problem(&problem),
    };
    Ok(response(answer))
}

/// The body's bytes. API Gateway sends them in base64 when the API treats the media type as binary.
fn body(request: &ApiGatewayProxyRequest) -> Result<Cow<'_, [u8]>, Problem> {
    let text = request.body.as_deref().unwrap_or_default();
    if !request.is_base64_encoded {
        return Ok(Cow::Borrowed(text.as_bytes()));
    }
    BASE64_STANDARD.decode(text).map(Cow::Owned).map_err(|error| {
        Problem::new(400, "invalid-request", "The request cannot be read", format!("the body is not base64: {error}"))
    })
}

/// The query as it stood in the URL: API Gateway hands it over decoded and apart.
fn query(request: &ApiGatewayProxyRequest) -> String {
    let pairs = request.multi_value_query_string_parameters.iter();
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The caller, as far as API Gateway knows: an IAM caller, the id of an API key (never the key), or
/// an address.
fn caller(identity: &ApiGatewayRequestIdentity) -> Caller {
    let known = [&identity.user_arn, &identity.api_key_id, &identity.source_ip];
    let known = known.into_iter().flatten().find(|name| !name.is_empty());
    Caller::owner_of_this_machine(known.map_or("somebody unknown", String::as_str))
}

/// The value of a header. One that is not text becomes a text that is not valid in any header that
/// is read here.
fn header<'r>(request: &'r ApiGatewayProxyRequest, name: &str) -> Option<&'r str> {
    request.headers.get(name).map(|value| value.to_str().unwrap_or("\u{fffd}"))
}

fn response(answer: ApiResponse) -> ApiGatewayProxyResponse {
    let mut headers = HeaderMap::new();
    for (name, value) in answer.headers {
        let value = HeaderValue::from_str(&value).expect("answers have visible ASCII in their headers");
        headers.insert(name, value);
    }
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = i64::from(answer.status);
    response.headers = headers;
    response.body = Some(Body::Text(answer.body));
    response
}

#[cfg(test)]
mod tests;
