// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>

#include "sim/import/topology.h"

namespace dspmem {

std::string token_text(std::uint32_t token) {
  static const std::map<std::uint32_t, const char*> names{{100, "SOF_TKN_BUF_SIZE"},
                                                          {101, "SOF_TKN_BUF_CAPS"},
                                                          {154, "SOF_TKN_DAI_TYPE"},
                                                          {155, "SOF_TKN_DAI_INDEX"},
                                                          {156, "SOF_TKN_DAI_DIRECTION"},
                                                          {200, "SOF_TKN_SCHED_PERIOD"},
                                                          {201, "SOF_TKN_SCHED_PRIORITY"},
                                                          {202, "SOF_TKN_SCHED_MIPS"},
                                                          {203, "SOF_TKN_SCHED_CORE"},
                                                          {204, "SOF_TKN_SCHED_FRAMES"},
                                                          {205, "SOF_TKN_SCHED_TIME_DOMAIN"},
                                                          {206, "SOF_TKN_SCHED_DYNAMIC_PIPELINE"},
                                                          {207, "SOF_TKN_SCHED_LP_MODE"},
                                                          {208, "SOF_TKN_SCHED_MEM_USAGE"},
                                                          {209, "SOF_TKN_SCHED_USE_CHAIN_DMA"},
                                                          {250, "SOF_TKN_VOLUME_RAMP_STEP_TYPE"},
                                                          {251, "SOF_TKN_VOLUME_RAMP_STEP_MS"},
                                                          {260, "SOF_TKN_GAIN_RAMP_TYPE"},
                                                          {261, "SOF_TKN_GAIN_RAMP_DURATION"},
                                                          {262, "SOF_TKN_GAIN_VAL"},
                                                          {300, "SOF_TKN_SRC_RATE_IN"},
                                                          {301, "SOF_TKN_SRC_RATE_OUT"},
                                                          {320, "SOF_TKN_ASRC_RATE_IN"},
                                                          {321, "SOF_TKN_ASRC_RATE_OUT"},
                                                          {322, "SOF_TKN_ASRC_ASYNCHRONOUS_MODE"},
                                                          {323, "SOF_TKN_ASRC_OPERATION_MODE"},
                                                          {353, "SOF_TKN_PCM_DMAC_CONFIG"},
                                                          {400, "SOF_TKN_COMP_PERIOD_SINK_COUNT"},
                                                          {401, "SOF_TKN_COMP_PERIOD_SOURCE_COUNT"},
                                                          {402, "SOF_TKN_COMP_FORMAT"},
                                                          {404, "SOF_TKN_COMP_CORE_ID"},
                                                          {405, "SOF_TKN_COMP_UUID"},
                                                          {406, "SOF_TKN_COMP_CPC"},
                                                          {409, "SOF_TKN_COMP_IS_PAGES"},
                                                          {410, "SOF_TKN_COMP_NUM_AUDIO_FORMATS"},
                                                          {411, "SOF_TKN_COMP_NUM_INPUT_PINS"},
                                                          {412, "SOF_TKN_COMP_NUM_OUTPUT_PINS"},
                                                          {413, "SOF_TKN_COMP_INPUT_PIN_BINDING_WNAME"},
                                                          {414, "SOF_TKN_COMP_OUTPUT_PIN_BINDING_WNAME"},
                                                          {415, "SOF_TKN_COMP_NUM_INPUT_AUDIO_FORMATS"},
                                                          {416, "SOF_TKN_COMP_NUM_OUTPUT_AUDIO_FORMATS"},
                                                          {900, "SOF_TKN_PROCESS_TYPE"},
                                                          {1200, "SOF_TKN_STREAM_PLAYBACK_COMPATIBLE_D0I3"},
                                                          {1201, "SOF_TKN_STREAM_CAPTURE_COMPATIBLE_D0I3"},
                                                          {1900, "SOF_TKN_CAVS_AUDIO_FORMAT_IN_RATE"},
                                                          {1901, "SOF_TKN_CAVS_AUDIO_FORMAT_IN_BIT_DEPTH"},
                                                          {1902, "SOF_TKN_CAVS_AUDIO_FORMAT_IN_VALID_BIT_DEPTH"},
                                                          {1903, "SOF_TKN_CAVS_AUDIO_FORMAT_IN_CHANNELS"},
                                                          {1909, "SOF_TKN_CAVS_AUDIO_FORMAT_INPUT_PIN_INDEX"},
                                                          {1930, "SOF_TKN_CAVS_AUDIO_FORMAT_OUT_RATE"},
                                                          {1931, "SOF_TKN_CAVS_AUDIO_FORMAT_OUT_BIT_DEPTH"},
                                                          {1932, "SOF_TKN_CAVS_AUDIO_FORMAT_OUT_VALID_BIT_DEPTH"},
                                                          {1933, "SOF_TKN_CAVS_AUDIO_FORMAT_OUT_CHANNELS"},
                                                          {1939, "SOF_TKN_CAVS_AUDIO_FORMAT_OUTPUT_PIN_INDEX"},
                                                          {1970, "SOF_TKN_CAVS_AUDIO_FORMAT_IBS"},
                                                          {1971, "SOF_TKN_CAVS_AUDIO_FORMAT_OBS"},
                                                          {1972, "SOF_TKN_CAVS_AUDIO_FORMAT_DMA_BUFFER_SIZE"},
                                                          {1980, "SOF_TKN_INTEL_COPIER_NODE_TYPE"},
                                                          {1981, "SOF_TKN_INTEL_COPIER_DEEP_BUFFER_DMA_MS"}};
  const auto known = names.find(token);
  return known == names.end() ? std::to_string(token) : fmt::format("{} ({})", known->second, token);
}

}  // namespace dspmem
