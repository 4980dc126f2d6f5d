package qosprofile

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// profileAttributes describe a profile, but for its name.
func profileAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"status":      schema.StringAttribute{Computed: true, MarkdownDescription: "`ACTIVE`, `INACTIVE` or `DEPRECATED`; only an active profile can be used."},
		"description": schema.StringAttribute{Computed: true, MarkdownDescription: "What the operator says of it."},
		"country_availability": schema.ListNestedAttribute{
			Computed:            true,
			MarkdownDescription: "Where it is available (from 1.1 on); empty where the operator does not say.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"country_name": schema.StringAttribute{Computed: true, MarkdownDescription: "Country, by its ISO 3166 code of two letters."},
				"networks":     schema.ListAttribute{ElementType: types.StringType, Computed: true, MarkdownDescription: "Mobile networks in it, by country and network code, such as `21407`; empty is all."},
			}},
		},
		"target_min_upstream_rate":   quantity("Rate from the device that the network aims not to go below.", "bps"),
		"max_upstream_rate":          quantity("Highest rate from the device.", "bps"),
		"max_upstream_burst_rate":    quantity("Highest rate from the device in a burst.", "bps"),
		"target_min_downstream_rate": quantity("Rate to the device that the network aims not to go below.", "bps"),
		"max_downstream_rate":        quantity("Highest rate to the device.", "bps"),
		"max_downstream_burst_rate":  quantity("Highest rate to the device in a burst.", "bps"),
		"min_duration":               quantity("Shortest session.", "Seconds"),
		"min_duration_seconds":       schema.Int64Attribute{Computed: true, MarkdownDescription: "`min_duration` in seconds, rounded up: a `duration` of a session."},
		"max_duration":               quantity("Longest session; from 0.11 on with its extensions.", "Seconds"),
		"max_duration_seconds":       schema.Int64Attribute{Computed: true, MarkdownDescription: "`max_duration` in seconds, rounded down: a `duration` of a session."},
		"priority":                   schema.Int64Attribute{Computed: true, MarkdownDescription: "1 to 100; the lower value goes first."},
		"packet_delay_budget":        quantity("Longest delay of a packet between device and network edge.", "Milliseconds"),
		"jitter":                     quantity("Variation of the delay.", "Milliseconds"),
		"packet_error_loss_rate":     schema.Int64Attribute{Computed: true, MarkdownDescription: "Exponent of the share of packets that may be lost: 3 is one in 1000."},
		"l4s_queue_type":             schema.StringAttribute{Computed: true, MarkdownDescription: "Queue for low latency, low loss traffic, if there is one."},
		"service_class":              schema.StringAttribute{Computed: true, MarkdownDescription: "Class of service, such as `real_time_interactive`, where the operator tells it."},
	}
}

func quantity(description, unit string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Computed:            true,
		MarkdownDescription: description,
		Attributes: map[string]schema.Attribute{
			"value": schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of units."},
			"unit":  schema.StringAttribute{Computed: true, MarkdownDescription: "Unit, such as `" + unit + "`."},
		},
	}
}
