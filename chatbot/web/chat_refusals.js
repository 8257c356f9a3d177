// In the document's head, before Gradio: its client throws the body of a refusal away. One of chatbot.web.limits says how
// the customer is told, so it is handed on as an answer.
{
  const ask = window.fetch;
  window.fetch = async (...asked) => {
    const answer = await ask(...asked);
    const told = [408, 413, 429].includes(answer.status) && /\/component_server\/?$/.test(answer.url);
    return told ? new Response(answer.body, { headers: answer.headers }) : answer;
  };
}
