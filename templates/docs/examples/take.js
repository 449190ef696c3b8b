async function createTake(key, image, prompt) {
  const api = "{{ base_url }}";
  const headers = { Authorization: `Bearer ${key}` };
  const call = async (url, options = {}) => {
    const response = await fetch(url, { headers, ...options });
    if (!response.ok) throw new Error(await response.text());
    return response;
  };

  const upload = await (await call(`${api}/v1/upload`, { method: "POST" })).json();
  await call(upload.upload_url, { method: "PUT", body: image, headers: { "Content-Type": image.type } });

  const submitted = await call(`${api}/v2/image-to-video`, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
    body: JSON.stringify({
      image_uri: upload.storage_uri,
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
