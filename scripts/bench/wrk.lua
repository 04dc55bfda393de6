-- Sends the requests of a file in turn, each as it is: `LENGTH\nREQUEST` one after the other. Prints what the bench reads.
-- Arguments: the file, and the mean pause of each connection between two requests, in ms.

local requests, turn, threads = {}, 0, {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local file = assert(io.open(args[1], 'rb'))
  while true do
    local length = file:read('*n')
    if length == nil then break end
    file:read(1)
    table.insert(requests, file:read(length))
  end
  file:close()
  sent = 0
  local pause = tonumber(args[2])
  -- Without pauses there is no function, because it costs time. Random ones keep connections from sending together.
  if pause > 0 then
    math.randomseed(1)
    delay = function() return math.random(0, 2 * pause) end
  end
end

function request()
  turn = turn % #requests + 1
  sent = sent + 1
  return requests[turn]
end

function done(summary, latency)
  local sent = 0
  for _, thread in ipairs(threads) do sent = sent + thread:get('sent') end
  local errors = summary.errors
  io.write(string.format('bench %d %d %d %d %d %d %d\n', summary.requests, summary.duration, sent, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
