async function makeTake(key, still, prompt) {
  const api = "{{ base_url }}";
  const headers = { Authorization: `Bearer ${key}` };
  const call = async (url, options = {}) => {
    const answer = await fetch(url, { headers, ...options });
    if (!answer.ok) throw new Error(await answer.text());
    return answer;
  };

  const place = await (await call(`${api}/v1/upload`, { method: "POST" })).json();
  await call(place.upload_url, { method: "PUT", body: still, headers: { "Content-Type": still.type } });

  const submitted = await call(`${api}/v2/image-to-video`, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
    body: JSON.stringify({
      image_uri: place.storage_uri,
      prompt,
      model: "ltx-2-3-fast",
      resolution: "1280x720",
      duration: 6,
    }),
  });
  const { id } = await submitted.json();

  for (;;) {
    const job = await (await call(`${api}/v2/image-to-video/${id}`)).json();
    if (job.status === "completed") return (await fetch(job.result.video_url)).blob();
    if (job.status === "failed") throw new Error(job.error.message);
    await new Promise((resolve) => setTimeout(resolve, 5000));
  }
}
