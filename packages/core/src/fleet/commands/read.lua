-- The snapshots of all replicas that still count.
--
-- KEYS[1]  posted:    sorted set, replica -> when its snapshot expires (ms)
-- KEYS[2]  snapshots: hash, replica -> text
-- Returns  { replica, text, ... }

local posted, snapshots = KEYS[1], KEYS[2]

local time = redis.call('TIME')
local now = math.floor(time[1] * 1000 + time[2] / 1000)

local found = {}
for _, replica in ipairs(redis.call('ZRANGEBYSCORE', posted, '(' .. now, '+inf')) do
  local text = redis.call('HGET', snapshots, replica)
  if text then
    found[#found + 1] = replica
    found[#found + 1] = text
  end
end
return found
