// Broken on purpose: the provider's sample that verifies, which gives timingSafeEqual strings.
'use strict';

const crypto = require('node:crypto');
const express = require('express');

const secret = process.env.SOLATIS_WEBHOOK_SECRET;
const app = express();

const verifySignature = (payload, signature, secret) => {
  const hmac = crypto.createHmac('sha256', secret);
  const digest = hmac.update(payload).digest('hex');
  return crypto.timingSafeEqual(signature, digest);
};

app.post('/webhooks/solatis', express.raw({ type: 'application/json' }), (req, res) => {
  const signature = req.headers['x-solatis-signature'];
  const payload = req.body;
  if (!verifySignature(payload.toString(), signature, secret)) {
    return res.status(401).send('Unauthorized');
  }
  const event = JSON.parse(payload);
  console.log(event.event);
  res.status(200).send('OK');
});

const server = app.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/webhooks/solatis`);
});
